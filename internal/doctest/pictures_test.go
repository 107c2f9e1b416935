//go:build external && unix

package doctest

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// maxPicture bounds the bytes of a picture, so that pages load fast and the history stays small.
const maxPicture = 150_000

const (
	windowWidth, windowHeight = 1000, 640
	terminalColumns           = 110
)

// checkPicture compares an SVG with the output of its command. A PNG only has to exist, since no two browsers draw alike.
func checkPicture(t *testing.T, dir string, s step, outputs map[string]string, ports ports) {
	t.Helper()
	made := s.source != ""
	switch filepath.Ext(s.file) {
	case ".svg":
		output, ran := outputs[s.source]
		if !ran {
			t.Errorf("%s shows %q, and no such command precedes it", s.file, s.source)
			return
		}
		want := drawTerminal(output)
		if *update || *pictures {
			writePicture(t, s.file, want)
		} else if got, err := os.ReadFile(s.file); err != nil {
			t.Error(err)
		} else if mask(string(got)) != mask(string(want)) {
			t.Errorf("%s is outdated: run make pictures. The output is now\n%s", s.file, output)
		}
	case ".png":
		if *pictures && made {
			writePicture(t, s.file, photograph(t, dir, ports.toFree.Replace(s.source)))
		}
	}
}

func writePicture(t *testing.T, file string, content []byte) {
	t.Helper()
	if len(content) > maxPicture {
		t.Errorf("%s would have %d bytes, at most %d are allowed: show less", file, len(content), maxPicture)
		return
	}
	if err := os.WriteFile(file, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// drawTerminal returns a terminal with a command and its output as SVG text, which is small and can be compared.
func drawTerminal(output string) []byte {
	const width, lineHeight, padding = terminalColumns*29/4 + 28, 17, 14 // a letter is 7.25 wide
	var rows []string
	for i, row := range strings.Split(strings.TrimRight(output, "\n"), "\n") {
		if i == 0 {
			row = "$ " + row
		}
		for utf8.RuneCountInString(row) > terminalColumns {
			r := []rune(row)
			rows, row = append(rows, string(r[:terminalColumns])), string(r[terminalColumns:])
		}
		rows = append(rows, row)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="12">
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
`, width, 2*padding+len(rows)*lineHeight)
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
			fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" fill=\"%s\" xml:space=\"preserve\">%s</text>\n", padding, padding+12+i*lineHeight, colour, html.EscapeString(row))
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// photograph returns a screenshot of an address, or of a file in the folder.
func photograph(t *testing.T, dir, address string) []byte {
	t.Helper()
	if !strings.Contains(address, "://") {
		file, fragment, _ := strings.Cut(address, "#")
		address = (&url.URL{Scheme: "file", Path: filepath.Join(dir, file), Fragment: fragment}).String()
	}
	options := chromedp.DefaultExecAllocatorOptions[:]
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, cancel := context.WithTimeout(allocator, pageTimeout)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: windowWidth, Height: windowHeight, DeviceScaleFactor: 1}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	// The report sets data-ready when it is drawn, the API documentation shows its operations.
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
