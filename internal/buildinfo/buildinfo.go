// Package buildinfo identifies the build of a program, from what the go command embeds in it.
package buildinfo

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Info identifies a build.
type Info struct {
	// Version is the module version, such as v1.4.0, or "devel" for a build from a working tree without one.
	Version string `json:"version"`
	// Commit is the revision of the working tree, with the suffix -dirty if it has changes; "" if unknown.
	Commit string `json:"commit,omitzero"`
	// Date is the time of the commit in RFC 3339; "" if unknown.
	Date string `json:"date,omitzero"`
	// Go is the version of Go, such as go1.26.0.
	Go string `json:"go"`
}

// Read returns the build of this program.
var Read = sync.OnceValue(func() Info {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return from(build)
})

// from returns what a build embeds.
func from(build *debug.BuildInfo) Info {
	info := Info{Version: build.Main.Version, Go: build.GoVersion}
	if info.Version == "" || info.Version == "(devel)" {
		info.Version = "devel"
	}
	dirty := false
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			info.Commit = s.Value
		case "vcs.time":
			info.Date = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty && info.Commit != "" {
		info.Commit += "-dirty"
	}
	return info
}

// Text returns the output of the version command of a program.
func (i Info) Text(program string) string {
	text := fmt.Sprintf("%s %s\n", program, i.Version)
	for _, line := range [][2]string{{"commit", i.Commit}, {"date", i.Date}, {"go", i.Go}} {
		if line[1] != "" {
			text += fmt.Sprintf("%-8s%s\n", line[0], line[1])
		}
	}
	return text
}
