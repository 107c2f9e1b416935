package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"example.com/lpgate/internal/suggest"
	"example.com/lpgate/runner/internal/plan"
)

// This file compares the placeholders of outlines with the columns of their examples. Gherkin keeps a <name> without
// a column as text, and ignores a column without use.

// outlines are what is wrong with those of a project, and what follows from it.
type outlines struct {
	// wrong are the steps and rows with a placeholder that has no column. Further problems of them are not reported.
	wrong map[line]bool
	// empty are the outlines without rows. The plan reports them, and they are not run.
	empty map[line]bool
	// promised are the tags of empty outlines, alone and in pairs: scenarios with these tags are not reported as
	// missing.
	promised map[string]bool
}

// line is a line of a feature.
type line struct {
	uri    string
	number int
}

func lineOf(feature plan.Feature, at *messages.Location) line { return line{feature.URI, int(at.Line)} }

// lookAtOutlines looks at every outline of the features.
func (l *linter) lookAtOutlines() {
	l.outlines = outlines{map[line]bool{}, map[line]bool{}, map[string]bool{}}
	for _, feature := range l.in.Plan.Features() {
		for _, child := range feature.Document.Feature.Children {
			if child.Scenario != nil {
				l.outline(feature, child.Scenario, feature.Document.Feature.Tags)
			}
			if child.Rule == nil {
				continue
			}
			for _, inner := range child.Rule.Children {
				if inner.Scenario != nil {
					l.outline(feature, inner.Scenario, slices.Concat(feature.Document.Feature.Tags, child.Rule.Tags))
				}
			}
		}
	}
}

// outline looks at one scenario, with the tags of what is around it.
func (l *linter) outline(feature plan.Feature, outline *messages.Scenario, tags []*messages.Tag) {
	if !plan.IsOutline(outline) {
		return
	}
	rows := 0
	tags = slices.Concat(tags, outline.Tags)
	for _, examples := range outline.Examples {
		rows += len(examples.TableBody)
		tags = slices.Concat(tags, examples.Tags)
	}
	if rows == 0 {
		l.empty[lineOf(feature, outline.Location)] = true
		for _, tag := range tags {
			l.promised[tag.Name] = true
			for _, other := range tags {
				l.promised[tag.Name+" "+other.Name] = true
			}
		}
		return
	}
	used := placeholders(outline.Name)
	var places []place
	for _, step := range outline.Steps {
		places = append(places, placesOf(feature, step)...)
	}
	for _, place := range places {
		used = append(used, place.names...)
	}
	for _, examples := range outline.Examples {
		if examples.TableHeader == nil {
			continue
		}
		var columns, meant []string
		for _, cell := range examples.TableHeader.Cells {
			columns = append(columns, cell.Value)
		}
		for _, place := range places {
			for _, name := range place.names {
				near := nearestColumn(name, columns)
				if slices.Contains(columns, name) || near == "" && (place.free || !letters.MatchString(name)) {
					continue
				}
				meant = append(meant, near)
				message := fmt.Sprintf("the examples of line %d have no column %s", examples.Location.Line, name)
				if near != "" {
					message += " (did you mean <" + near + ">?)"
				} else {
					message += ", only " + strings.Join(columns, ", ")
				}
				l.found(feature.URI, place.at.number, "%s", message)
				l.wrong[place.at], l.wrong[place.of] = true, true
			}
		}
		for _, column := range columns {
			if !slices.Contains(used, column) && !slices.Contains(meant, column) {
				l.found(feature.URI, int(examples.TableHeader.Location.Line), "nothing uses the column %s", column)
			}
		}
	}
}

// nearestColumn is the column that a name was probably meant to be, or the one that was probably meant to have the name.
func nearestColumn(name string, columns []string) string {
	if near := suggest.Nearest(name, columns); near != "" {
		return near
	}
	for _, column := range columns {
		if suggest.Nearest(column, []string{name}) != "" {
			return column
		}
	}
	return ""
}

// place is a text in a step.
type place struct {
	at, of line     // of is the line of its step
	names  []string // those in angle brackets
	free   bool     // it may well have some that are no columns
}

// placesOf returns the texts of a step: its own, and the rows of its table or the lines of its doc string.
func placesOf(feature plan.Feature, step *messages.Step) []place {
	of := lineOf(feature, step.Location)
	places := []place{{of, of, placeholders(step.Text), false}}
	if step.DataTable != nil {
		for _, row := range step.DataTable.Rows {
			in := place{at: lineOf(feature, row.Location), of: of}
			for _, cell := range row.Cells {
				in.names = append(in.names, placeholders(cell.Value)...)
			}
			places = append(places, in)
		}
	}
	if step.DocString != nil {
		for i, text := range strings.Split(step.DocString.Content, "\n") {
			places = append(places, place{line{of.uri, int(step.DocString.Location.Line) + 1 + i}, of, placeholders(text), true})
		}
	}
	return places
}

// placeholders returns the names in angle brackets.
func placeholders(text string) []string {
	var names []string
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

var placeholder = regexp.MustCompile(`<([^<>]+)>`)

// letters matches usual names of columns. Other texts in angle brackets are probably meant literally.
var letters = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_ -]*$`)
