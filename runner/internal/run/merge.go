package run

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"example.com/lpgate/runner/internal/execute"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/usage"
)

// MostShards is how many shards there may be.
const MostShards = shard.Most

// Merge makes one run of the shards whose artifacts stand in the folders: what they saw is decided on anew, all together,
// and the artifacts are those of a single run. The clock of that run stands still at the end of the last shard, so the same
// shards give the same artifacts. The error is like that of [Run].
func Merge(ctx context.Context, cfg Config, folders []string) (Result, error) {
	r := newRun(cfg)
	return r.result(r.merge(ctx, folders))
}

func (r *run) merge(ctx context.Context, folders []string) error {
	r.service = new(service.Service)
	broken, err := r.read()
	if err != nil {
		return err
	}
	if err := r.apart(folders); err != nil {
		return err
	}
	shards, err := readShards(folders)
	if err != nil {
		return err
	}
	if broken == nil {
		if r.joined, err = shard.Join(shards, r.in.Plan, r.hashes, r.calls()); err != nil {
			return usage.Errorf("%w", err)
		}
		r.take(r.joined)
	}
	if err := r.begin(); err != nil {
		return err
	}
	defer r.end()
	if broken != nil {
		r.seen.Stops = append(r.seen.Stops, problems(broken)...)
		return r.finish(ctx)
	}
	for _, place := range slices.Sorted(maps.Keys(r.joined.Scenarios)) {
		r.log.Replay(place, r.joined.Scenarios[place])
	}
	return r.finish(ctx)
}

// apart makes sure that the artifacts replace none of what they are made from.
func (r *run) apart(folders []string) error {
	place, err := filepath.Abs(r.place())
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if absolute, err := filepath.Abs(folder); err == nil && absolute == place {
			return usage.Errorf("%s is where the artifacts go: name another folder with --out", folder)
		}
	}
	return nil
}

// readShards reads the shards. A folder without one is that of a shard that is missing, which the others tell; without any
// other there is nothing to say.
func readShards(folders []string) ([]*shard.Shard, error) {
	var shards []*shard.Shard
	var nothing []error
	for _, folder := range folders {
		s, err := shard.Read(folder)
		switch {
		case errors.Is(err, shard.ErrNothing):
			nothing = append(nothing, err)
		case err != nil:
			return nil, usage.Errorf("%w", err)
		default:
			shards = append(shards, s)
		}
	}
	if len(shards) == 0 {
		return nil, usage.Errorf("%w", nothing[0])
	}
	return shards, nil
}

// take makes the run one that saw what the shards did.
func (r *run) take(j *shard.Joined) {
	r.selection, r.differing, r.started = j.Selection, j.Differing, j.StartedAt
	r.Shuffle, r.Repeat = j.Shuffle, max(1, j.Repeat)
	r.seen = execute.Result{Exchanges: j.Exchanges, Stops: j.Reasons, Agreed: true}
	r.seen.Results, r.seen.Failures = j.Results()
	r.service.RunID = j.Seed
	if j.Target != record.BuiltIn {
		r.service.URL, r.service.Curl = j.Target, j.Flags
	}
}

// serversOf is state.json of several shards.
func serversOf(j *shard.Joined) []byte {
	servers := j.Servers
	if servers == nil {
		servers = []json.RawMessage{}
	}
	text, err := json.Marshal(map[string][]json.RawMessage{"servers": servers})
	if err != nil {
		panic(err) // it was read before
	}
	return text
}

// deal picks the shard that was asked for out of what is selected.
func (r *run) deal() error {
	if r.Shard.Of == 0 {
		return nil
	}
	if r.Durations != "" {
		var err error
		if r.durations, err = shard.ReadDurations(r.Durations); err != nil {
			return usage.Errorf("--durations: %w", err)
		}
	}
	r.selection = r.selection.Partition(r.Shard.Of, r.durations)[r.Shard.Index-1]
	return nil
}

// mayShard says what speaks against a shard before anything runs.
func (r *run) mayShard() error {
	switch {
	case r.Shard == plan.Shard{} && r.Durations != "":
		return usage.Errorf("--durations says how to deal scenarios out to shards: name one with --shard, such as --shard 1/4")
	case r.Shard == plan.Shard{}:
	case r.Failed:
		return usage.Errorf("--failed looks at the last run of each shard, and so they would not select the same: name the scenarios with --scenario")
	case r.Baseline != "":
		return usage.Errorf("--baseline is for all shards together: give it to runner merge")
	case r.UpdateGolden:
		return usage.Errorf("--update-golden is for a run of everything, without --shard")
	}
	return nil
}

// ofShards says whether a shard speaks against the verdict.
func ofShards(reason record.Reason) bool {
	return slices.Contains([]string{"shard-missing", "shard-twice", "shard-differs", "shard-incomplete"}, reason.ID)
}
