package page_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "the folder for the pictures of the documentation, of whole runs")

// mostPicture is how large a picture of the documentation may be.
const mostPicture = 150_000

// A picture is taken of the same place that a test looks at, so that it cannot be of what is not there any more. With
// -pictures DIR they are of whole runs, and are kept.
func TestScreenshots(t *testing.T) {
	folder, honest, lying := t.TempDir(), red, red
	if *pictures != "" {
		folder = *pictures
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		honest = func(t testing.TB) *run {
			t.Helper()
			r, err := whole()
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		lying = func(t testing.TB) *run {
			t.Helper()
			r, err := lied()
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	const health = "Health is ok"
	shots := []struct {
		name, scheme string
		of           func(testing.TB) *run
		scenario     string // that is opened
		at           string // what stands at the top
		height       int64
	}{
		{"report-verdict.png", "light", lying, "", `document.body`, 860},
		{"report-failure.png", "light", lying, health, `document.getElementById("REF")`, 620},
		{"report-outcomes.png", "dark", honest, "", `document.getElementById("outcomes")`, 900},
		{"report-export.png", "light", honest, walked, `document.getElementById("REF")`, 620},
	}
	for _, shot := range shots {
		t.Run(shot.name, func(t *testing.T) {
			r := shot.of(t)
			b := open(t, r.page, r.refs[shot.scenario])
			b.media("screen", shot.scheme)
			b.size(1180, shot.height)
			if shot.scenario != "" {
				b.becomes(active, `"`+r.refs[shot.scenario]+`"`)
				b.eval(`document.activeElement.blur()`)
			}
			// The bar of the filter would hide what is above the picture.
			b.eval(`(async () => {
				document.getElementById("filter").style.position = document.querySelector("header").style.position = "static";
				const at = ` + strings.ReplaceAll(shot.at, "REF", r.refs[shot.scenario]) + `;
				at.style.scrollMarginTop = "1rem";
				for (let i = 0; i < 3; i++) {
					at.scrollIntoView();
					await new Promise((done) => requestAnimationFrame(done));
				}
			})()`)
			text, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if size := picture.Bounds().Size(); size.X != 1180 || *pictures != "" && len(text) > mostPicture {
				t.Errorf("%v, %d bytes, want a width of 1180 and at most %d bytes", size, len(text), mostPicture)
			}
			if err := os.WriteFile(filepath.Join(folder, shot.name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}
