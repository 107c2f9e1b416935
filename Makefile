# Each target is one line; CONTRIBUTING.md describes them.

.PHONY: verify test test-external check selfcheck serve bench soak generate vectors mutants pictures

verify:; go run ./runner milestones/M109.yaml
# With Go and a C compiler alone. Tests that the race detector would only slow down are built without it.
test: check selfcheck; go test -vet=off -race -timeout 30m ./... && go test -vet=off -timeout 30m ./... && go run ./runner milestones/M109.yaml
# With curl, jq, rsync, Node.js, npm and Chromium as well: the commands as their users run them, pages, generated documents.
# These are the packages that have a test file with the build tag "external".
test-external:; go test -vet=off -tags external -timeout 40m $$(git grep -l '^//go:build external' -- '*_test.go' | sed 's|[^/]*$$||; s|^|./|' | sort -u)
check:; test -z "$$(gofmt -l . | tee /dev/stderr)" && go vet -tags external ./... && go tool staticcheck -tags external ./... && go run ./runner lint
selfcheck:; go run ./runner selfcheck milestones/M109.yaml
serve:; go run ./fakeserver/cmd/fakeserver --addr 127.0.0.1:8109
bench:; go test -run '^$$' -bench . -benchtime 10x -timeout 60m ./fakeserver ./runner/...
soak:; go run ./fakeserver/soak
# Tests that import doctest compare generated files with their source, or write them with -update.
generate:; go test -vet=off $$(git grep -l --untracked lpgate/internal/doctest -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|') -run '^TestPages$$' -update && go run ./runner milestones/M109.yaml --update-golden
vectors:; node fixtures/vectors/make.mjs
mutants:; nice go run ./runner/mutants
pictures:; go test -tags external ./internal/doctest -run TestPages -timeout 60m -pictures
