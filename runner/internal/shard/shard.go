// Package shard makes one run of several that each did a part of it, and reads how long scenarios took, by which the parts
// are dealt out.
//
// # What is put together
//
// Of each shard its event log is read, messages.ndjson, in which verdict.json and output.json are attached; state.json
// beside it is taken over when it is there. What [Join] makes of them is what one run would have seen: how every scenario
// ended, every exchange, the rows of the output. It decides nothing about the contract: that is for package verdict, over
// all of it.
//
// # What is proved before
//
// A verdict of several runs is only one if they are the parts of one. So each shard of 1 to N has to be there once, come to
// its end, and be planned alike: from the same milestone, features, schemas and fixtures as stand here, and with the same
// selection, durations and kind of target as the others. Its event log has a hash of each of these ([Planned]). Whatever of
// that does not hold is a reason against the whole, which names the shard and what to do; and of a shard that is another
// run's nothing is taken.
package shard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/lpgate/runner/internal/artifact"
	"example.com/lpgate/runner/internal/golden"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// Shard is what one of several runs left behind.
type Shard struct {
	// Folder is where its artifacts stand, as it was named.
	Folder string
	// Log is its event log.
	Log *record.Run
	// Output are the rows of what its scenarios saw.
	Output *golden.Document
	// Verdict is what it decided by itself.
	Verdict struct {
		Reasons []record.Reason `json:"reasons"`
	}
	// Servers are the states of its servers; none when its state.json is not there.
	Servers []json.RawMessage

	lacks []string // what its log should have attached, and has not
}

// Part returns which shard it is.
func (s *Shard) Part() plan.Shard { return s.Log.Planned.Shard }

// String names it, with its folder.
func (s *Shard) String() string { return fmt.Sprintf("%s (%s)", s.Part(), s.Folder) }

// Most is how many shards there may be.
const Most = 1000

// ErrNoShard marks a folder in which there is no shard, and ErrNothing one in which nothing is.
var (
	ErrNoShard = errors.New("that is no shard")
	ErrNothing = errors.New("there is nothing")
)

// Read reads a folder. A run that is killed leaves its event log in a folder beside its place, and what stands at the place
// is older then: so the later one is read.
//
// The error is [ErrNoShard] or [ErrNothing], or an error of the files.
func Read(folder string) (*Shard, error) {
	folder = filepath.Clean(folder)
	var latest *Shard
	for _, candidate := range append([]string{folder}, artifact.Runs(folder)...) {
		s, err := read(candidate)
		if err != nil {
			if candidate == folder && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			continue // what a run left that was killed at once, or nothing
		}
		if latest == nil || s.Log.StartedAt.After(latest.Log.StartedAt) {
			latest = s
		}
	}
	if latest == nil {
		return nil, fmt.Errorf("%w: no %s in %s", ErrNothing, artifact.Messages, artifact.DisplayPath(folder))
	}
	return latest, nil
}

// Of is a whole run as the only part of itself, from its event log.
func Of(log *record.Run, folder string) (*Shard, error) {
	s := &Shard{Folder: folder, Log: log}
	if log.Planned == nil {
		return nil, fmt.Errorf("the event log of %s has no plan", folder)
	}
	s.readAttached()
	return s, nil
}

// readAttached reads what is attached to the log.
func (s *Shard) readAttached() {
	for _, attached := range []struct {
		name string
		read func(text []byte) error
	}{
		{artifact.Verdict, func(text []byte) error { return json.Unmarshal(text, &s.Verdict) }},
		{artifact.Output, func(text []byte) (err error) {
			s.Output, err = golden.Decode(text)
			return err
		}},
	} {
		text := s.Log.Attached(attached.name)
		if text == nil || attached.read(text) != nil {
			s.lacks = append(s.lacks, attached.name)
		}
	}
}

func read(folder string) (*Shard, error) {
	file, err := os.Open(filepath.Join(folder, artifact.Messages))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := &Shard{Folder: artifact.DisplayPath(folder)}
	if s.Log, err = record.Read(file); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoShard, s.Folder, err)
	}
	if s.Log.Planned == nil || s.Log.Planned.Shard.Of == 0 {
		return nil, fmt.Errorf("%w: %s is a run without --shard", ErrNoShard, s.Folder)
	}
	if part := s.Part(); part.Index < 1 || part.Index > part.Of || part.Of > Most {
		return nil, fmt.Errorf("%w: %s is marked as %s", ErrNoShard, s.Folder, part)
	}
	s.readAttached()
	text, err := os.ReadFile(filepath.Join(folder, artifact.State))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	var state struct{ Servers []json.RawMessage }
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	if err != nil {
		s.lacks = append(s.lacks, artifact.State)
	}
	s.Servers = state.Servers
	return s, nil
}
