package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/schemas"
	"example.com/lpgate/steps"
)

// unfitBodies records the bodies that cannot be sent: invalid JSON, and default bodies that are missing or lack an object or
// list of their schema. Each is reported once, at its file, and not again at each scenario.
func (l *linter) unfitBodies() {
	dry := steps.NewDryRun(l.in.Milestone, l.fixtures)
	names, paths := dry.Requests()
	for i, name := range names {
		body, err := dry.Body(name)
		var document schemas.Document
		if err == nil {
			document, err = schemas.Read(body)
		}
		operation, isDefault := l.in.Milestone.Operation(name)
		if err != nil || isDefault && l.lacksContainer(operation.RequestSchema, document) {
			l.unfit[paths[i]] = true
		}
	}
	for _, operation := range l.in.Milestone.Operations {
		if operation.RequestSchema != "" && !slices.Contains(names, operation.ID) {
			l.unfit[requestFile(operation.ID)] = true
		}
	}
}

// requestFile is the path of a body among the fixtures.
func requestFile(name string) string { return path.Join(requestsFolder, name+".json") }

// waiting is the end of a message about a fixture that some scenarios need.
func waiting(name string) string {
	if path.Dir(name) == requestsFolder {
		return "; scenarios that send it were not checked"
	}
	return "; scenarios that use it were not checked"
}

// wait adds to the first problem of each unfit fixture that scenarios were not checked because of it.
func (l *linter) wait(waits map[string]bool) {
	done := map[string]bool{}
	for i := range l.report.Problems {
		problem := &l.report.Problems[i]
		name, ok := strings.CutPrefix(problem.File, fixturesFolder+"/")
		if ok && waits[name] && !done[name] {
			done[name], problem.Message = true, problem.Message+waiting(name)
		}
	}
}

// requests checks the bodies against their schemas, and compares bodies and operations with the scenarios.
func (l *linter) requests(dry *steps.DryRun, called, opened, waits map[string]bool) {
	whole := l.whole() && len(waits) == 0 // every scenario ran to its end
	names, paths := dry.Requests()
	l.report.requests = len(names)
	for i, name := range names {
		file := path.Join(fixturesFolder, paths[i])
		operation, isDefault := l.in.Milestone.Operation(name)
		if isDefault && operation.RequestSchema == "" {
			l.found(file, 0, "%s takes no body, so no scenario sends this file", name)
			continue
		}
		if !isDefault && !opened[paths[i]] && whole {
			var ids []string
			for _, operation := range l.in.Milestone.Operations {
				ids = append(ids, operation.ID)
			}
			l.found(file, 0, "no scenario sends this body, and no operation has this name%s", suggest.DidYouMean(name, ids))
		}
		if l.notText[paths[i]] {
			continue // reported with its line
		}
		body, err := dry.Body(name)
		if err != nil {
			l.found(file, 0, "%v", err)
			continue
		}
		document, err := schemas.Read(body)
		if err != nil {
			l.notJSON(file, err)
			continue
		}
		if isDefault {
			l.valid(file, operation.RequestSchema, body, document)
		}
	}
	for _, operation := range l.in.Milestone.Operations {
		if operation.RequestSchema != "" && !slices.Contains(names, operation.ID) {
			message := fmt.Sprintf("%s takes a body, and there is no %s/%s%s",
				operation.ID, fixturesFolder, requestFile(operation.ID), suggest.DidYouMean(operation.ID, names))
			if waits[requestFile(operation.ID)] {
				message += waiting(requestFile(operation.ID))
			}
			l.found(l.file(), operation.Line, "%s", message)
		}
		if !called[operation.ID] && whole {
			l.found(l.file(), operation.Line, "no scenario calls %s", operation.ID)
		}
	}
}

// valid validates a default body against its schema.
func (l *linter) valid(file, name string, body []byte, document schemas.Document) {
	schema, ok := l.schema(name)
	if !ok {
		return
	}
	for _, violation := range schema.Validate(document.Value) {
		l.found(file, schemas.LineOf(body, violation.InstancePath), "%s", "not valid by "+name+": "+violation.String())
	}
}

// lacksContainer reports whether a body lacks an object or a list that its schema requires, or has another type there.
// Scenarios cannot change members of it then.
func (l *linter) lacksContainer(name string, body schemas.Document) bool {
	schema, ok := l.schema(name)
	if !ok {
		return false
	}
	isContainer := func(spot schemas.Spot) bool { return len(spot.Members()) > 0 || spot.In("0").Possible() }
	return slices.ContainsFunc(schema.Validate(body.Value), func(violation schemas.Violation) bool {
		spot := schema.Spot()
		for token := range jsontext.Pointer(violation.InstancePath).Tokens() {
			spot = spot.In(token)
		}
		switch violation.Keyword {
		case "type":
			return isContainer(spot)
		case "required":
			around, _ := body.At(violation.InstancePath).(map[string]any)
			return slices.ContainsFunc(spot.Members(), func(name string) bool {
				_, ok := around[name]
				return !ok && isContainer(spot.In(name))
			})
		}
		return false
	})
}

// schema finds a schema by its name. A missing one is reported with the milestone.
func (l *linter) schema(name string) (*schemas.Schema, bool) {
	if l.in.Schemas == nil {
		return nil, false
	}
	return l.in.Schemas.Lookup(name)
}
