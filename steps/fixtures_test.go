package steps

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"example.com/lpgate/milestones"
)

// refusing is a file system in which nothing can be opened, for one reason.
type refusing struct{ err error }

func (r refusing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: r.err}
}

// A fixture that cannot be read is not one that is not there.
func TestFixturesThatCannotBeRead(t *testing.T) {
	folder := fstest.MapFS{"requests/partnerLiquidityProvider.onboard.json/x": {}, "keys/partner-keys.json/x": {}}
	tests := []struct {
		name     string
		fixtures fs.FS
		request  string
		keys     string
	}{
		{"not there", fstest.MapFS{}, "there is no fixture requests/partnerLiquidityProvider.onboard.json", "file does not exist"},
		{"no permission", refusing{syscall.EACCES}, "permission denied", "permission denied"},
		{"too many open files", refusing{syscall.EMFILE}, "too many open files", "too many open files"},
		{"a folder", folder, "cannot be read: invalid argument", "cannot be read: invalid argument"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScenario(&Config{Milestone: milestones.M109(), Fixtures: test.fixtures, Client: http.DefaultClient}, "0123456789")
			_, _, keys := s.partnerKeys()
			for of, got := range map[string]error{test.request: new(request).useFixture(s, onboard), test.keys: keys} {
				var bad *InvalidStep
				if !errors.As(got, &bad) || !strings.Contains(got.Error(), of) || of != test.request && strings.Contains(got.Error(), "there is no") {
					t.Errorf("got %v, want %s", got, of)
				}
				if refuses, ok := test.fixtures.(refusing); ok && !errors.Is(got, refuses.err) {
					t.Errorf("the cause of %v is lost", got)
				}
			}
		})
	}
}
