//go:build external

package html_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp" // drives a real browser from Go, and needs nothing but that
)

// mostWait is how long a tab may take for all of it, on a machine with much else to do.
const mostWait = time.Minute

// chromium is the one that the tests share: each opens a tab of its own.
var chromium = sync.OnceValues(func() (context.Context, error) {
	options := chromedp.DefaultExecAllocatorOptions[:]
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // root cannot have one
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	stopChromium = func() {
		_ = chromedp.Cancel(ctx)
		stop()
	}
	return ctx, chromedp.Do(ctx)
})

var stopChromium = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	stopChromium()
	os.Exit(code)
}

// tab is a page that was opened from the disk.
type tab struct {
	testing.TB
	ctx context.Context

	mu       sync.Mutex
	console  []string // the messages of the console
	requests []string // what was loaded
}

// open writes a page to the disk and opens it, with what stands after # in its address.
func open(t testing.TB, page []byte, hash string) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	parent, err := chromium()
	if err != nil {
		t.Fatalf("the page is tested in a real browser, so install one (apt-get install --no-install-recommends chromium): %v", err)
	}
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	b := &tab{TB: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	b.ctx, cancel = context.WithTimeout(ctx, mostWait)
	t.Cleanup(cancel)
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	b.size(1280, 900)
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()
	if hash != "" {
		address += "#" + hash
	}
	b.do(chromedp.Navigate(address))
	b.wait(`document.documentElement.dataset.ready`)
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.console = append(b.console, string(e.Type)+" from a script")
	case *runtime.EventExceptionThrown:
		b.console = append(b.console, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.console = append(b.console, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.Fatal(err)
	}
	return result
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

func (b *tab) size(width, height int64) {
	b.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// media emulates a medium, and what its reader prefers.
func (b *tab) media(medium, scheme string) {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// eval is the value of an expression, as JSON.
func (b *tab) eval(expression string) string {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(text.String())
}

// wait waits until an expression holds.
func (b *tab) wait(expression string) {
	b.Helper()
	b.eval(`new Promise((done) => { const look = () => (` + expression + `) ? done(true) : setTimeout(look, 5); look(); })`)
}

// expect compares the value of an expression with the expected one, as JSON.
func (b *tab) expect(expression, want string) {
	b.Helper()
	if got := b.eval(expression); got != want {
		b.Errorf("%s\ngot  %s\nwant %s", expression, got, want)
	}
}

// becomes waits until an expression is what it should be.
func (b *tab) becomes(expression, want string) {
	b.Helper()
	b.eval(`new Promise((done) => {
		const end = Date.now() + 30000;
		const look = () => JSON.stringify(` + expression + `) === JSON.stringify(` + want + `) || Date.now() > end ? done() : setTimeout(look, 5);
		look();
	})`)
	b.expect(expression, want)
}

// quiet expects that the console is empty, and that nothing but the file was loaded.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.console {
		b.Errorf("the console has: %s", line)
	}
	if len(b.requests) != 1 || !strings.HasPrefix(b.requests[0], "file://") {
		b.Errorf("loaded %v, want the file alone", b.requests)
	}
}
