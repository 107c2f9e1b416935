package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// A line of the log is text in both formats, whatever it is about.
func TestLogOfBytes(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var lines bytes.Buffer
		logging := logging{level: "info", format: format}
		log, err := logging.logger(&lines, func(name string) string { return "--" + name })
		if err != nil {
			t.Fatal(err)
		}
		log.Info("a M\xfcller", "text", "b M\xfcller", "error", errors.New("c M\xfcller"))
		if text := lines.String(); !utf8.ValidString(text) || strings.Count(text, "M\ufffdller")+strings.Count(text, `M\ufffdller`) != 3 {
			t.Errorf("%s: got %q", format, text)
		}
	}
}
