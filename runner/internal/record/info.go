package record

import "example.com/lpgate/runner/internal/plan"

// Info is what a run is, before anything of it happens.
type Info struct {
	// Milestone and Title are its id and its title.
	Milestone string `json:"milestone"`
	Title     string `json:"title"`
	// File is the file of the milestone, as it was named.
	File string `json:"file,omitempty"`
	// Target is what is verified, as it may be written.
	Target string `json:"target"`
	// Proxy is the proxy that its requests go through; "" for none.
	Proxy string `json:"proxy,omitempty"`
	// Base is where its requests can be sent again.
	Base string `json:"base"`
	// Flags are what curl needs to reach it.
	Flags []string `json:"flags,omitempty"`
	// RunID is the word that the ids of the run are made of.
	RunID string `json:"run_id"`
	// Args is how the scenarios were selected, as on a command line; "" when all were.
	Args string `json:"args"`
	// Shuffle is the random seed of the order of the scenarios; "" for the order of the plan. Repeat is how many times
	// everything is run.
	Shuffle string `json:"shuffle,omitempty"`
	Repeat  int    `json:"repeat,omitempty"`
	// Repro are the arguments of "runner repro" that follow the name of a failure.
	Repro string `json:"repro"`
	// Implementation and ImplementationVersion name what is verified; "" when they are not given.
	Implementation        string `json:"implementation,omitempty"`
	ImplementationVersion string `json:"implementation_version,omitempty"`
	// Capabilities are the capabilities that it has.
	Capabilities []string `json:"capabilities,omitempty"`
	// Contract identifies the milestone, schemas, features and fixtures; "" when they cannot be read.
	Contract string `json:"contract,omitempty"`
	// Planned is what was to be run, and what that was made from; nil when something of it is broken.
	Planned *Planned `json:"planned"`
	// Scenarios are all scenarios of the plan, those that were not selected included.
	Scenarios []Entry `json:"scenarios"`
}

// Planned is what was to be run, and what that was made from: enough to see whether two runs are parts of one.
type Planned struct {
	// Digest is the SHA-256 of all that follows but for the shard.
	Digest string `json:"digest"`
	// Parts are the SHA-256 of what the run was made from, by what it is: "milestone", "durations", or a file.
	Parts map[string]string `json:"parts"`
	// Wanted, Lacks and Declared are how the scenarios were selected: by what was asked for, by what the target lacks,
	// and by what of that somebody declared.
	Wanted   plan.Filter `json:"wanted"`
	Lacks    []string    `json:"lacks,omitempty"`
	Declared []string    `json:"declared,omitempty"`
	// Missing are the groups of required capabilities of which the target has none.
	Missing [][]string `json:"missing,omitempty"`
	// Shard is which part of the selection this run is; zero for all of it.
	Shard plan.Shard `json:"shard,omitzero"`
}

// Entry is a scenario of the plan.
type Entry struct {
	ID       string   `json:"id"`
	Ref      string   `json:"ref"`
	URI      string   `json:"uri"`
	Line     int      `json:"line"`
	Name     string   `json:"name"`
	Rule     string   `json:"rule"`
	Side     string   `json:"side,omitempty"`
	Needs    []string `json:"needs,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Selected bool     `json:"selected"`
	LeftOut  []string `json:"left_out,omitempty"` // what the target lacks of what it needs
	// NotAtLevel reports that the level of the run does not require it.
	NotAtLevel bool `json:"not_at_level,omitempty"`
}

// End is what the end of a run adds to its record.
type End struct {
	// Workers is how many scenarios were run side by side.
	Workers int `json:"workers"`
	// Stops are what kept the run from going on, or from being complete.
	Stops []Reason `json:"stops"`
	// Differing are the scenarios with other results when the run was repeated, each once.
	Differing []Differing `json:"differing"`
}
