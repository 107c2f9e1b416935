package testclient

import (
	"bytes"
	"sync"
)

// LockedBuffer is a buffer for several goroutines, such as the writer of a log.
type LockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements [io.Writer].
func (b *LockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// Take returns what was written since the last call.
func (b *LockedBuffer) Take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buffer.Reset()
	return b.buffer.String()
}
