package fakeserver

// values are the parameters of a path or the values of a query, by name.
type values map[string]string

// adminStep is a request of the recorded sequence.
type adminStep struct {
	Operation   string
	Refused     bool
	Path, Query values
	Body        string
	BodyOf      string // the operation whose answer is the body
}

// adminSteps returns the recorded sequence.
func adminSteps() []adminStep {
	const seed = `{"clock":{"mode":"frozen","at":"2026-02-22T16:00:00Z"},"providers":[{"owner":"acme","tier":"S2"}]}`
	world, misspelt := values{"world": "checkout"}, values{"world": "checkuot"}
	blocked := values{"operation": "partnerLiquidityProvider.rollout.upsert", "outcome": "rollout_blocked"}
	return []adminStep{
		{Operation: "fake.index"},
		{Operation: "fake.worlds.get", Path: world},
		{Operation: "fake.worlds.get", Refused: true, Path: misspelt},
		{Operation: "fake.worlds.list"},
		{Operation: "fake.journal.find", Path: world, Query: blocked},
		{Operation: "fake.journal.find", Refused: true, Path: world, Query: values{"outcome": "rollout_bloked"}},
		{Operation: "fake.journal.count", Path: world, Query: blocked},
		{Operation: "fake.journal.count", Refused: true, Path: misspelt},
		{Operation: "fake.journal.wait", Path: world, Query: values{"outcome": "rollout_blocked", "n": "1", "timeout": "5s"}},
		{Operation: "fake.journal.wait", Refused: true, Path: world, Query: values{"timeout": "1h"}},
		{Operation: "fake.explain", Path: values{"request_id": "checkout.2"}},
		{Operation: "fake.explain", Refused: true, Path: values{"request_id": "checkout.9"}},
		{Operation: "fake.journal.clear", Path: world},
		{Operation: "fake.clock.set", Path: world, Body: `{"mode":"frozen","at":"2026-02-22T16:00:00Z"}`},
		{Operation: "fake.clock.set", Refused: true, Path: world, Body: `{"mode":"frozn"}`},
		{Operation: "fake.clock.advance", Path: world, Body: `{"by":"36h"}`},
		{Operation: "fake.clock.advance", Refused: true, Path: world, Body: `{"by":"1w"}`},
		{Operation: "fake.clock.get", Path: world},
		{Operation: "fake.faults.add", Path: world, Body: `{"operation":"partnerLiquidityProvider.onboard","when":"after","drop":true}`},
		{Operation: "fake.faults.add", Refused: true, Path: world, Body: `{"operation":"partnerLiquidityProvider.rollout.upsert","answer":{"outcome":"rollout_bloked"}}`},
		{Operation: "fake.faults.list", Path: world},
		{Operation: "fake.faults.delete", Path: values{"world": "checkout", "fault": "f1"}},
		{Operation: "fake.faults.delete", Refused: true, Path: values{"world": "checkout", "fault": "f1"}},
		{Operation: "fake.faults.clear", Path: world},
		{Operation: "fake.snapshots.take", Path: world, Body: `{"name":"demo"}`},
		{Operation: "fake.snapshots.take", Refused: true, Path: world, Body: `{"name":"demo"}`},
		{Operation: "fake.snapshots.download", Path: values{"snapshot": "demo"}},
		{Operation: "fake.snapshots.download", Refused: true, Path: values{"snapshot": "deom"}},
		{Operation: "fake.snapshots.upload", Path: values{"snapshot": "tuesday"}, BodyOf: "fake.snapshots.download"},
		{Operation: "fake.snapshots.upload", Refused: true, Path: values{"snapshot": "tuesday"}, Body: `{}`},
		{Operation: "fake.snapshots.list"},
		{Operation: "fake.snapshots.restore", Path: values{"world": "fork"}, Body: `{"snapshot":"demo"}`},
		{Operation: "fake.snapshots.restore", Refused: true, Path: values{"world": "fork"}, Body: `{"snapshot":"deom"}`},
		{Operation: "fake.snapshots.delete", Path: values{"snapshot": "tuesday"}},
		{Operation: "fake.snapshots.delete", Refused: true, Path: values{"snapshot": "tuesday"}},
		{Operation: "fake.worlds.seed", Path: world, Body: seed},
		{Operation: "fake.worlds.seed", Refused: true, Path: world, Body: `{"providers":[{"owner":"acme","stauts":"active"}]}`},
		{Operation: "fake.worlds.reset", Path: world},
		{Operation: "fake.worlds.delete", Refused: true, Path: misspelt},
		{Operation: "fake.worlds.delete", Path: world},
	}
}
