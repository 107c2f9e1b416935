# Each target is one line; the README says what they are for.

# The tests that the race detector would make slow and find nothing in are built without it, and run by themselves: whole
# rooms of them, and by these names. make_test.go sees to it that each is run. What go test would vet, check has.
unraced = Lie|Truth|Service|Scripts|Elsewhere|Damaged|EveryByte|EveryTime
.PHONY: verify test check selfcheck serve bench soak renew vectors mutants pictures

verify:; go run ./runner milestones/M109.yaml
test: check selfcheck; go test -vet=off -race -timeout 30m ./... && go test -vet=off -timeout 30m . ./runner ./fakeserver/cmd/fakeserver && go test -vet=off -timeout 30m -run '$(unraced)' ./runner/internal/gate ./runner/internal/difftest ./fakeserver ./schemas ./steps/auditproof && go run ./runner milestones/M109.yaml
check:; test -z "$$(gofmt -l . | tee /dev/stderr)" && go vet ./... && go tool staticcheck ./... && go run ./runner lint
selfcheck:; go run ./runner selfcheck milestones/M109.yaml
serve:; go run ./fakeserver/cmd/fakeserver --addr 127.0.0.1:8109
bench:; go test -run '^$$' -bench . -benchtime 10x -timeout 60m ./fakeserver ./runner/...
soak:; go run ./fakeserver/soak
renew:; go run ./runner steps --format markdown > features/STEPS.md && go run ./runner steps --format glue > .vscode/sentences.go && go run ./runner milestones/M109.yaml --renew-output
vectors:; node fixtures/vectors/make.mjs
mutants:; nice go run ./runner/mutants
pictures:; go test -run TestPages . -args -pictures
