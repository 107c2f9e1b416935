package buildinfo

import (
	"runtime/debug"
	"testing"
)

func TestText(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "4f2a"}, {Key: "vcs.time", Value: "2026-02-22T16:00:00Z"}, {Key: "vcs.modified", Value: "true"}}
	for _, row := range []struct {
		name  string
		build debug.BuildInfo
		want  string
	}{
		{"a release", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.4.0"}, Settings: vcs[:2]},
			"runner v1.4.0\ncommit  4f2a\ndate    2026-02-22T16:00:00Z\ngo      go1.26.0\n"},
		{"a working tree with changes", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "(devel)"}, Settings: vcs},
			"runner devel\ncommit  4f2a-dirty\ndate    2026-02-22T16:00:00Z\ngo      go1.26.0\n"},
		{"without version control", debug.BuildInfo{GoVersion: "go1.26.0"}, "runner devel\ngo      go1.26.0\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := from(&row.build).Text("runner"); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	if got := Read(); got.Version == "" || got.Go == "" {
		t.Errorf("Read() = %+v, want a version and the version of Go", got)
	}
}
