// Package snapshot stores states of worlds by name, for all worlds of a server, and
// writes and reads them as files:
//
//	{
//	  "format": "lpgate-fake-snapshot", "version": 2, "milestone": "M109",
//	  "clock": {"mode": "frozen", "at": "2026-02-22T16:00:00.000Z"},
//	  "state": {"numbered": 1, "arrived": 1, "providers": […], "answers": […], "checkpoints": […], …},
//	  "sha256": "…"
//	}
//
// A snapshot has the state, counters, stored responses, checkpoints and their age, and the
// setting of the clock; it has no faults and no journal. A world that is restored from it,
// on this server or another one with the same settings and signing key, responds byte for
// byte as the original world would.
//
// The checksum, SHA-256 in hex, is that of the file without it in the form of RFC 8785, so
// white space may differ. It detects a damaged file; it is not a signature. The members of
// state depend on the version of the format. A server writes the latest version and reads
// all versions:
//
//	1  answers have their idempotency key, and rollout is beside provider
//	2  answers have the SHA-256 of the key, because clients have used secrets as keys;
//	   rollout is a member of provider, as in the response of get
package snapshot

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"example.com/lpgate/fakeserver/internal/clock"
	"example.com/lpgate/fakeserver/internal/jcs"
	"example.com/lpgate/fakeserver/internal/problem"
	"example.com/lpgate/fakeserver/internal/store"
	"example.com/lpgate/fakeserver/internal/world"
)

// Max is the maximum number of snapshots of a server.
const Max = 100

// Format and Version identify a file.
const (
	Format  = "lpgate-fake-snapshot"
	Version = 2
)

// File is a snapshot as a file.
type File struct {
	Format    string        `json:"format"`
	Version   int           `json:"version"`
	Milestone string        `json:"milestone"`
	Clock     clock.Setting `json:"clock"`
	State     jcs.Value     `json:"state"`
	SHA256    string        `json:"sha256,omitzero"`
}

// sum returns the checksum that the file should have.
func (f File) sum() string {
	f.SHA256 = ""
	return jcs.Hash(f)
}

// Snapshot is a state and its name.
type Snapshot struct {
	Name string
	world.State
}

// Set are the snapshots of a server. It is safe for concurrent use.
type Set struct {
	milestone string
	maxBytes  int

	mu    sync.RWMutex
	named map[string]world.State
	bytes int // of all of them
}

// New returns an empty set for worlds of a milestone. All snapshots together have about
// maxBytes at most.
func New(milestone string, maxBytes int) *Set {
	return &Set{milestone: milestone, maxBytes: maxBytes, named: map[string]world.State{}}
}

// Put stores a state under a name. An existing snapshot is replaced only if replace is set.
func (s *Set) Put(name string, m world.State, replace bool) *problem.Problem {
	if wrong := world.CheckName(name); wrong != nil {
		return problem.New(http.StatusBadRequest, "%q is not a valid name of a snapshot: write 1 to 64 of A-Z a-z 0-9 _ -", name)
	}
	more := m.Image.Bytes()
	s.mu.Lock()
	defer s.mu.Unlock()
	old, taken := s.named[name]
	if taken {
		more -= old.Image.Bytes()
	}
	switch {
	case taken && !replace:
		return problem.New(http.StatusConflict, "There is already a snapshot %q: choose another name, or send \"replace\": true.", name)
	case !taken && len(s.named) >= Max:
		return problem.New(http.StatusConflict, "There are %d snapshots, the maximum: delete one (DELETE %s), or replace one.", Max, "/_fake/snapshots/NAME")
	case more > 0 && s.bytes+more > s.maxBytes:
		return problem.New(http.StatusInsufficientStorage, "The snapshots may have %d bytes in all. They have about %d, and with this one about %d: "+
			"delete one (DELETE %s), or start the server with a higher --snapshot-bytes.", s.maxBytes, s.bytes, s.bytes+more, "/_fake/snapshots/NAME")
	}
	s.named[name] = m
	s.bytes += more
	return nil
}

// Get returns the state of a name.
func (s *Set) Get(name string) (world.State, *problem.Problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m, known := s.named[name]
	if !known {
		return m, s.unknown(name)
	}
	return m, nil
}

// Delete deletes a snapshot.
func (s *Set) Delete(name string) *problem.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.named[name]
	if !known {
		return s.unknown(name)
	}
	s.bytes -= m.Image.Bytes()
	delete(s.named, name)
	return nil
}

// unknown is the problem for an unknown name. The caller has locked s.mu.
func (s *Set) unknown(name string) *problem.Problem {
	return problem.Unknown(http.StatusNotFound, "snapshot", name, slices.Sorted(maps.Keys(s.named)))
}

// All returns the snapshots, sorted by name.
func (s *Set) All() []Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Snapshot, 0, len(s.named))
	for _, name := range slices.Sorted(maps.Keys(s.named)) {
		all = append(all, Snapshot{name, s.named[name]})
	}
	return all
}

// File returns a state as a file.
func (s *Set) File(m world.State) File {
	f := File{Format: Format, Version: Version, Milestone: s.milestone, Clock: m.Clock, State: m.Image.JSON()}
	f.SHA256 = f.sum()
	return f
}

// Read returns the state in a file. The error begins with a JSON Pointer. It ends when ctx
// is done.
func (s *Set) Read(ctx context.Context, f File) (world.State, error) {
	switch {
	case f.Format != Format:
		return world.State{}, fmt.Errorf("/format: must be %[2]q, not %[1]q", f.Format, Format)
	case f.Version < 1 || f.Version > Version:
		return world.State{}, fmt.Errorf("/version: this server reads versions 1 to %d of the format, not %d", Version, f.Version)
	case f.Milestone != s.milestone:
		return world.State{}, fmt.Errorf("/milestone: the snapshot is of %q, but this server serves %q", f.Milestone, s.milestone)
	}
	if sum := f.sum(); f.SHA256 != sum {
		return world.State{}, fmt.Errorf("/sha256: the file was changed or damaged: its checksum is %s, not %s", sum, f.SHA256)
	}
	if err := f.Clock.Check(); err != nil {
		return world.State{}, fmt.Errorf("/clock: %w", err)
	}
	if err := f.State.Canonicalize(); err != nil { // so that audit entries are canonical
		return world.State{}, fmt.Errorf("/state: %w", err)
	}
	image, err := store.ReadImage(ctx, f.State)
	if err != nil {
		return world.State{}, fmt.Errorf("/state%w", err)
	}
	return world.State{Image: image, Clock: f.Clock}, nil
}
