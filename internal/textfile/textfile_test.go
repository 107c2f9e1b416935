package textfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/lpgate/internal/textfile"
)

func TestDecode(t *testing.T) {
	for _, test := range []struct {
		name, raw, want, wrong string
	}{
		{"empty", "", "", ""},
		{"text", "a: é 日本\tx\n", "a: é 日本\tx\n", ""},
		{"CRLF", "a\r\nb\r\n\r\nc", "a\nb\n\nc", ""},
		{"a byte order mark", "\uFEFFa\n", "a\n", ""},
		{"only a byte order mark", "\uFEFF", "", ""},
		{"a replacement character", "\uFFFD", "\uFFFD", ""},
		{"Latin-1", "a\nb\ncaf\xe9\n", "", "f:3: the byte 0xE9 is not UTF-8: save the file as UTF-8"},
		{"Latin-1 after CRLF", "a\r\nb\r\ncaf\xe9\r\n", "", "f:3: the byte 0xE9 is not UTF-8: save the file as UTF-8"},
		{"half a character at the end", "a\n\xc3", "", "f:2: the byte 0xC3 is not UTF-8: save the file as UTF-8"},
		{"a surrogate", "\xed\xa0\x80", "", "f:1: the byte 0xED is not UTF-8: save the file as UTF-8"},
		{"UTF-16 LE", "\xff\xfea\x00", "", "f: the file is UTF-16: save it as UTF-8"},
		{"UTF-16 BE", "\xfe\xff\x00a", "", "f: the file is UTF-16: save it as UTF-8"},
		{"UTF-16 LE without a mark", "a\x00b\x00", "", "f: the file is UTF-16: save it as UTF-8"},
		{"UTF-16 BE without a mark", "\x00a\x00b", "", "f: the file is UTF-16: save it as UTF-8"},
		{"UTF-32 LE", "\xff\xfe\x00\x00a\x00\x00\x00", "", "f: the file is UTF-32: save it as UTF-8"},
		{"UTF-32 BE", "\x00\x00\xfe\xff\x00\x00\x00a", "", "f: the file is UTF-32: save it as UTF-8"},
		{"as large as it may be", strings.Repeat("x", textfile.MaxBytes), strings.Repeat("x", textfile.MaxBytes), ""},
		{"too large", strings.Repeat("x", textfile.MaxBytes+1), "", "f: the file is too large: it may have 4 MiB at most"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := textfile.Decode("f", []byte(test.raw))
			if wrong := message(err); wrong != test.wrong || string(got) != test.want {
				t.Fatalf("got %.40q and the error %q, want %.40q and %q", got, wrong, test.want, test.wrong)
			}
			if again, err := textfile.Decode("f", got); err != nil || string(again) != string(got) {
				t.Errorf("decoded again: %.40q, %v", again, err)
			}
			file := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(file, []byte(test.raw), 0o600); err != nil {
				t.Fatal(err)
			}
			read, err := textfile.Read(file)
			if wrong := strings.Replace(message(err), file, "f", 1); wrong != test.wrong || string(read) != test.want {
				t.Errorf("Read: got %.40q and the error %q", read, wrong)
			}
			read, err = fs.ReadFile(textfile.FS(fstest.MapFS{"f": {Data: []byte(test.raw)}}, "folder"), "f")
			if wrong := strings.Replace(message(err), "folder/f", "f", 1); wrong != test.wrong || string(read) != test.want {
				t.Errorf("FS: got %.40q and the error %q", read, wrong)
			}
		})
	}
}

func TestCheckCharacters(t *testing.T) {
	for _, test := range []struct{ name, text, wrong string }{
		{"text", "a: é 日本\tx\n\u00A0\uFFFD", ""},
		{"CR alone", "a\nb\rc", "f:2: the character U+000D is not allowed"},
		{"CR at the end", "a\r", "f:1: the character U+000D is not allowed"},
		{"ESC", "a\n\x1b[31mb", "f:2: the character U+001B is not allowed"},
		{"NUL", "ab\x00", "f:1: the character U+0000 is not allowed"},
		{"DEL", "\x7f", "f:1: the character U+007F is not allowed"},
		{"CSI", "\u009b", "f:1: the character U+009B is not allowed"},
		{"a line separator", "\u2028", "f:1: the character U+2028 is not allowed"},
		{"a second byte order mark", "a\n\uFEFFb", "f:2: the character U+FEFF is not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if wrong := message(textfile.CheckCharacters("f", []byte(test.text))); wrong != test.wrong {
				t.Errorf("got %q, want %q", wrong, test.wrong)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	if err := textfile.CheckName("the file", "é.yaml"); err != nil {
		t.Error(err)
	}
	const want = `the file "caf\xe9.yaml" is not UTF-8: write it in UTF-8`
	if err := textfile.CheckName("the file", "caf\xe9.yaml"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCheckArguments(t *testing.T) {
	if err := textfile.CheckArguments([]string{"--seed", "é"}); err != nil {
		t.Error(err)
	}
	const want = "argument 2 of the command line is not UTF-8: write it in UTF-8"
	if err := textfile.CheckArguments([]string{"--seed", "caf\xe9"}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	var wrong *textfile.Error
	if !errors.As(err, &wrong) {
		return "not a textfile.Error: " + err.Error()
	}
	return err.Error()
}

func TestReadOfNoFile(t *testing.T) {
	if _, err := textfile.Read(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read: %v", err)
	}
	if _, err := fs.ReadFile(textfile.FS(fstest.MapFS{}, "folder"), "missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("FS: %v", err)
	}
	if _, err := textfile.ReadData(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadData: %v", err)
	}
	if _, err := textfile.Read(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

// A device without an end is refused as soon as it has more than a file may have.
func TestReadEndless(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("there is no endless device here")
	}
	if _, err := textfile.Read("/dev/zero"); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}
