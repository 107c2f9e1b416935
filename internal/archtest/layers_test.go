package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/lpgate/internal/module"
)

// layers is the import policy, after Go's own go/build/deps_test.go. "a < b" means: b may import a, and all that a may
// import. A package belongs to the longest prefix of its path in this list; packages with one prefix may import each
// other. This is a statement of policy: do not change it to make a build pass.
//
// FAKE stands for fakeserver/internal.
//
// The test double runner/internal/imperfect is above the packages of the runner, and below none: only tests and its own command
// import it.
//
// The verifier (runner, steps) and the fake (fakeserver) share data (milestones, schemas, features, fixtures) and mechanisms
// (internal), never rules: what a rule means is written twice, in scenarios and in Go, and the two have to agree.
const layers = `
	internal < schemas < milestones < fixtures, features
	milestones, steps/auditproof < steps
	steps, fixtures, features < runner/internal < runner
	runner/internal < runner/internal/imperfect
	internal < FAKE/jcs < FAKE/instant < FAKE/ruletrace < FAKE/exchange < FAKE/explain < FAKE/rules, FAKE/audit < FAKE/answer < FAKE/store < FAKE/rest
	milestones, FAKE/jcs < FAKE/problem < FAKE/rest
	FAKE/exchange < FAKE/mask < FAKE/rest
	FAKE/instant < FAKE/clock
	FAKE/clock, FAKE/rest < FAKE/fault, FAKE/journal < FAKE/world
	FAKE/world, fixtures < FAKE < FAKE/admin < FAKE/docs < fakeserver
`

// fakeStarter is the one file of the verifier that imports the fake: it starts the built-in one.
const fakeStarter = "runner/internal/service/fake.go"

const modulePath = "example.com/lpgate"

// policy is, for each layer, the set of layers that it may import.
func policy(t *testing.T) map[string]map[string]bool {
	t.Helper()
	allowed := map[string]map[string]bool{}
	names := func(list string) []string { return strings.Split(strings.ReplaceAll(list, " ", ""), ",") }
	for line := range strings.Lines(strings.ReplaceAll(layers, "FAKE", "fakeserver/internal")) {
		chain := strings.Split(strings.TrimSpace(line), "<")
		for i, part := range chain {
			for _, high := range names(part) {
				if high == "" {
					continue
				}
				if allowed[high] == nil {
					allowed[high] = map[string]bool{high: true}
				}
				if i > 0 {
					for _, low := range names(chain[i-1]) {
						allowed[high][low] = true
					}
				}
			}
		}
	}
	for range allowed { // the transitive closure: a path is at most as long as there are layers
		for _, lows := range allowed {
			for low := range lows {
				for lower := range allowed[low] {
					lows[lower] = true
				}
			}
		}
	}
	for high, lows := range allowed {
		for low := range lows {
			if high != low && allowed[low][high] {
				t.Fatalf("the layers %s and %s are each below the other", low, high)
			}
		}
	}
	return allowed
}

// layerOf is the longest prefix of a package's path that is a layer; "" when there is none.
func layerOf(allowed map[string]map[string]bool, path string) string {
	best := ""
	for layer := range allowed {
		if (path == layer || strings.HasPrefix(path, layer+"/")) && len(layer) > len(best) {
			best = layer
		}
	}
	return best
}

func TestLayers(t *testing.T) {
	module.Enter(t)
	allowed := policy(t)
	used := map[string]bool{}
	for path, p := range packages(t) {
		layer := layerOf(allowed, path)
		if layer == "" {
			t.Errorf("%s belongs to no layer", path)
			continue
		}
		used[layer] = true
		for _, imported := range p.Imports {
			inside, is := strings.CutPrefix(imported, modulePath+"/")
			if !is {
				continue
			}
			low := layerOf(allowed, inside)
			if !allowed[layer][low] && !(low == "fakeserver" && path == "runner/internal/service") {
				t.Errorf("%s imports %s: the layer %q is not below %q", path, inside, low, layer)
			}
		}
	}
	for layer := range allowed {
		if !used[layer] {
			t.Errorf("no package belongs to the layer %s", layer)
		}
	}
}

// The verifier meets the fake over HTTP. One file starts it.
func TestVerifierImportsFakeOnce(t *testing.T) {
	module.Enter(t)
	for _, dir := range []string{"runner", "steps"} {
		for _, file := range goFiles(t, dir, true) {
			if file == fakeStarter || strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte(`"`+modulePath+`/fakeserver`)) {
				t.Errorf("%s imports the fake: only %s may", file, fakeStarter)
			}
		}
	}
}

// pure are the packages that decide: no transport, clock, randomness or files, and no library but JSON, behind internal/jsonvalue and jcs.
var pure = []string{
	"fakeserver/internal/rules", "fakeserver/internal/audit", "fakeserver/internal/answer", "fakeserver/internal/exchange", "fakeserver/internal/ruletrace", "fakeserver/internal/explain",
	"fakeserver/internal/instant",
}

// impure are the imports that a pure package may not have.
var impure = regexp.MustCompile(`^(net|os|io/fs|math/rand|crypto/rand|syscall|runtime|log)(/|$)|\.`)

func TestPurePackages(t *testing.T) {
	module.Enter(t)
	all := packages(t)
	for _, path := range pure {
		p, exists := all[path]
		if !exists {
			t.Errorf("there is no package %s", path)
		}
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, modulePath+"/") && impure.MatchString(imported) {
				t.Errorf("%s imports %s: it decides without I/O", path, imported)
			}
		}
	}
}

// forTests are the packages outside of tests that may import testing, and why.
var forTests = map[string]string{
	"fakeserver/fakeservertest": "it starts servers in tests",
	"fakeserver/testclient":     "it sends the requests that tests of several packages need",
}

func TestNoTestingInProduction(t *testing.T) {
	module.Enter(t)
	for path, p := range packages(t) {
		if imports, why := slices.Contains(p.Imports, "testing"), forTests[path]; imports && why == "" {
			t.Errorf("%s imports testing", path)
		} else if !imports && why != "" {
			t.Errorf("%s does not import testing any more: remove it from forTests", path)
		}
	}
}

// A package that imports godog also imports internal/godoginit, so that godog starts no process while the program
// initializes. The fake server does not link godog.
func TestGodogStartsNoProcess(t *testing.T) {
	module.Enter(t)
	const godog, safe = "github.com/cucumber/godog", "internal/godoginit"
	for path, p := range packages(t) {
		if slices.Contains(p.Imports, godog) && path != safe && !slices.Contains(p.Imports, modulePath+"/"+safe) {
			t.Errorf("%s imports godog without %s: import that too, blank", path, safe)
		}
	}
	out, err := exec.Command("go", "list", "-deps", "./fakeserver/...").Output()
	if err != nil {
		t.Fatalf("listing what the fake server is made of: %v", err)
	}
	if strings.Contains(string(out), godog) {
		t.Errorf("the fake server imports godog")
	}
}

type goPackage struct {
	ImportPath       string
	Imports, GoFiles []string
}

// packages are the packages of the module that have Go files outside of tests, by path relative to the module.
func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	all := map[string]goPackage{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all[strings.TrimPrefix(p.ImportPath, modulePath+"/")] = p
		}
	}
}
