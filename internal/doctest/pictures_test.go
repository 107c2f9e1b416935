//go:build external && unix && !race

package doctest

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Pictures are small, so that pages come fast and the history stays small.
const mostPicture = 150_000

const (
	wide, high = 1000, 640 // of the window of the browser
	columns    = 110       // of a terminal
)

// look makes a picture, or sees that it is of what its page shows. A terminal's is held to what was printed just now. A
// browser's cannot be, since no two browsers draw the same.
func look(t *testing.T, dir string, s step, printed map[string]string, ports mapped) {
	t.Helper()
	if filepath.Ext(s.file) == ".svg" {
		output, ran := printed[s.from]
		if !ran {
			t.Errorf("%s is of %q, and no such command stands before it", s.file, s.from)
			return
		}
		made := draw(output)
		if *pictures {
			write(t, s.file, made)
		} else if is, err := os.ReadFile(s.file); err != nil {
			t.Error(err)
		} else if mask(string(is)) != mask(string(made)) {
			t.Errorf("%s is not of what was printed: make pictures makes it anew.\n%s", s.file, output)
		}
		return
	}
	if *pictures {
		write(t, s.file, photograph(t, dir, ports.there.Replace(s.from)))
	}
	file, err := os.Open(s.file)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	if is, err := png.DecodeConfig(file); err != nil || is.Width != wide || is.Height != high {
		t.Errorf("%s has %d × %d points (%v), want %d × %d: make pictures makes it anew", s.file, is.Width, is.Height, err, wide, high)
	}
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if len(content) > mostPicture {
		t.Errorf("%s would have %d bytes, and may have %d: show less", file, len(content), mostPicture)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// draw is a terminal with a command and what it printed: text in an SVG, which stays small and can be compared.
func draw(output string) []byte {
	const width, line, edge = columns*29/4 + 28, 17, 14 // a letter is 7.25 wide
	var rows []string
	for i, row := range strings.Split(strings.TrimRight(output, "\n"), "\n") {
		if i == 0 {
			row = "$ " + row
		}
		for utf8.RuneCountInString(row) > columns {
			r := []rune(row)
			rows, row = append(rows, string(r[:columns])), string(r[columns:])
		}
		rows = append(rows, row)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="12">
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
`, width, 2*edge+len(rows)*line)
	for i, row := range rows {
		colour := "#c9d1d9"
		switch {
		case i == 0:
			colour = "#ffffff"
		case strings.HasPrefix(row, "--- FAILED") || row == "overall=false":
			colour = "#ff7b72"
		case row == "overall=true":
			colour = "#7ee787"
		}
		if row != "" {
			fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" fill=\"%s\" xml:space=\"preserve\">%s</text>\n", edge, edge+12+i*line, colour, html.EscapeString(row))
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// photograph is what a browser shows of an address, or of a file in the folder.
func photograph(t *testing.T, dir, address string) []byte {
	t.Helper()
	if !strings.Contains(address, "://") {
		file, part, _ := strings.Cut(address, "#")
		address = (&url.URL{Scheme: "file", Path: filepath.Join(dir, file), Fragment: part}).String()
	}
	options := chromedp.DefaultExecAllocatorOptions[:]
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // root cannot have one
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, cancel := context.WithTimeout(allocator, mostPage)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: wide, Height: high, DeviceScaleFactor: 1}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	// The page says when it is drawn: the report by data-ready, the documents by their operations.
	ready := `new Promise((done) => { const look = () => document.documentElement.dataset.ready || document.querySelector(".opblock") ? requestAnimationFrame(() => requestAnimationFrame(() => done(true))) : setTimeout(look, 20); look(); })`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](ready, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	return shot
}
