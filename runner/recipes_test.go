//go:build external && !race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"
)

// scripts finds in a recipe what a shell is to run: a text of several lines that calls the runner.
func scripts(check func(error), file string) (found []string) {
	text, err := os.ReadFile(file)
	check(err)
	add := func(text string) {
		if strings.Contains(text, "runner") && strings.Contains(text, "\n") {
			found = append(found, text)
		}
	}
	if filepath.Base(file) == "Jenkinsfile" {
		for _, match := range regexp.MustCompile(`(?s)sh '''(.*?)'''`).FindAllStringSubmatch(string(text), -1) {
			add(match[1])
		}
		return found
	}
	var walk func(*yaml.Node)
	walk = func(node *yaml.Node) {
		if node.Kind == yaml.ScalarNode {
			add(node.Value)
		}
		for _, child := range node.Content {
			walk(child)
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil {
			return found
		}
		walk(&document)
	}
}

// recipe writes what a recipe has for the shell: shard.sh and merge.sh.
func recipe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: recipe FILE")
	}
	found := scripts(ts.Check, filepath.Join(ts.Getenv("PROJECT"), "runner", "ci", args[0]))
	if len(found) != 2 {
		ts.Fatalf("%s has %d scripts that call the runner, want one for a shard and one that merges", args[0], len(found))
	}
	for i, name := range []string{"shard.sh", "merge.sh"} {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(found[i]), 0o644))
	}
}

// actionlintVersion is pinned, so that a new rule of the linter fails no build.
const actionlintVersion = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

// actionlint puts the program that checks workflows of GitHub Actions into the script's PATH.
func actionlint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: actionlint")
	}
	install := exec.Command("go", "install", actionlintVersion)
	install.Env = append(os.Environ(), "GOBIN="+ts.MkAbs("tools"))
	if out, err := install.CombinedOutput(); err != nil {
		ts.Fatalf("installing %s: %v\n%s", actionlintVersion, err, out)
	}
	ts.Setenv("PATH", ts.MkAbs("tools")+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

// gitlab makes the script's folder a repository with the recipe for GitLab in it, and puts the program that runs such
// recipes into the script's PATH, at the version that package-lock.json pins.
func gitlab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: gitlab")
	}
	folder := filepath.Join(ts.Getenv("PROJECT"), "runner", "testdata", "gitlab")
	tools := filepath.Join(folder, "node_modules", ".bin")
	if !isFile(filepath.Join(tools, "gitlab-ci-local")) {
		install := exec.Command("npm", "ci")
		install.Dir = folder
		if out, err := install.CombinedOutput(); err != nil {
			ts.Fatalf("the recipe for GitLab is run by a program that npm installs, so install Node.js, npm and rsync: %v\n%s", err, out)
		}
	}
	ts.Setenv("PATH", tools+string(os.PathListSeparator)+ts.Getenv("PATH"))
	ts.Setenv("HOME", ts.MkAbs("home"))
	text, err := os.ReadFile(filepath.Join(ts.Getenv("PROJECT"), "runner", "ci", "gitlab.yml"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(".gitlab-ci.yml"), text, 0o644))
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", ".gitlab-ci.yml", "features", "fixtures", "milestones"}, {"-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"},
		{"remote", "add", "origin", "https://gitlab.example/gate.git"}, // whose name jobs may ask for
	} {
		ts.Check(ts.Exec("git", args...))
	}
}

// kubernetes puts the program that runs Jobs by the types of Kubernetes into the script's PATH. It is of a module of its own.
func kubernetes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: kubernetes")
	}
	build := exec.Command("go", "build", "-o", ts.MkAbs("tools/kubernetes"), ".")
	build.Dir = filepath.Join(ts.Getenv("PROJECT"), "runner", "testdata", "kubernetes")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("building what runs the recipe for Kubernetes: %v\n%s", err, out)
	}
}
