package artifact

import "testing"

func TestMounted(t *testing.T) {
	for path, want := range map[string]bool{"/proc": true, "/": true, "/proc/self": false, t.TempDir(): false} {
		if got, err := mounted(path); err != nil || got != want {
			t.Errorf("%s: %t, %v", path, got, err)
		}
	}
	if _, err := mounted("/proc/no/such"); err == nil {
		t.Error("what does not exist is no error")
	}
}
