package run

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"

	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/service"
	"example.com/lpgate/runner/internal/shard"
	"example.com/lpgate/runner/internal/usage"
)

// MostShards is how many shards there may be.
const MostShards = shard.Most

// Merge makes one run of the shards whose artifacts are in the folders: it decides anew on what they recorded, all together,
// and the artifacts are those of a single run. That run ends at the end of the last shard, so the same shards give the same
// artifacts. The error is like that of [Run].
func Merge(ctx context.Context, cfg Config, folders []string) (Result, error) {
	s := newSetup(cfg)
	d, err := s.merge(ctx, folders)
	return s.result(d, err)
}

func (s *setup) merge(ctx context.Context, folders []string) (*delivery, error) {
	broken, err := s.read()
	if err != nil {
		return nil, err
	}
	if err := s.checkFolders(folders); err != nil {
		return nil, err
	}
	shards, err := readShards(folders)
	if err != nil {
		return nil, err
	}
	var joined *shard.Joined
	if broken == nil {
		if joined, err = s.join(shards); err != nil {
			return nil, usage.Errorf("%w", err)
		}
	} else {
		s.service = new(service.Service)
		s.info = s.describe()
	}
	d, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer d.close()
	seen := observation{output: &golden.Document{Milestone: s.info.Milestone}, state: serversOf(nil)}
	if joined == nil {
		seen.run = d.log.End()
		seen.run.Stops = problems(broken)
	} else {
		seen.run, seen.ended = joined.Record(d.log), joined.FinishedAt
		seen.output.Scenarios, seen.state = joined.Rows, serversOf(joined.Servers)
	}
	return d, s.conclude(ctx, d, seen)
}

// join joins shards, and takes over what they have in common.
func (s *setup) join(shards []*shard.Shard) (*shard.Joined, error) {
	joined, err := shard.Join(shards, s.in.Plan, s.hashes, s.calls())
	if err != nil {
		return nil, err
	}
	s.selection, s.started, s.info = joined.Selection, joined.StartedAt, joined.Info
	s.info.File = filepath.ToSlash(s.Milestone)
	s.describePlan(&s.info)
	return joined, nil
}

// checkFolders makes sure that the artifacts replace none of what they are made from.
func (s *setup) checkFolders(folders []string) error {
	place, err := filepath.Abs(s.place())
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

// readShards reads the shards. A folder without one is that of a shard that is missing, which the others show; without any
// other there is nothing to merge.
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

// serversOf is state.json of some servers.
func serversOf(servers []json.RawMessage) []byte {
	if servers == nil {
		servers = []json.RawMessage{}
	}
	text, err := json.Marshal(map[string][]json.RawMessage{"servers": servers})
	if err != nil {
		panic(err) // it was read before
	}
	return text
}
