//go:build !linux

package artifact

// mounted reports whether a folder is a mount point. It does not look here; [Folder.Commit] notices when it cannot replace one.
func mounted(string) (bool, error) { return false, nil }
