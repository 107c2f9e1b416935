//go:build external

package html_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	walked = "A walk of one entry a page verifies from end to end"
	shown  = `[...document.querySelectorAll("details.s:not([hidden])")].map((s) => s.querySelector(".name").textContent)`
	active = `document.activeElement.closest("[id]")?.id`
)

func TestOpensFromTheDisk(t *testing.T) {
	b := open(t, red(t).page, "")
	b.expect(`document.title`, `"✗ M109: it does not hold"`)
	b.expect(`document.querySelector("main > section h1").textContent`, `"✗ overall=false"`)
	b.expect(`document.querySelector("main > section").id`, `"verdict"`)
	b.expect(`[...document.querySelectorAll("main > section")].map((s) => s.id)`, `["verdict","causes","reasons","failed","rules","outcomes","conformance","times","walks","scenarios"]`)
	b.expect(`document.querySelectorAll(".broken-list li").length`, `2`)
	b.quiet()
}

func TestLoadsNothing(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	b := open(t, red(t).page, "")
	for _, what := range []string{
		`new Image(), {src: "` + server.URL + `/x.png"}`,
		`document.createElement("script"), {src: "` + server.URL + `/x.js"}`,
		`document.createElement("script"), {textContent: "globalThis.harmed = 4"}`,
		`document.createElement("iframe"), {src: "` + server.URL + `"}`,
		`document.createElement("link"), {rel: "stylesheet", href: "` + server.URL + `/x.css"}`,
	} {
		b.eval(`void document.body.append(Object.assign(` + what + `))`)
	}
	b.expect(`fetch("`+server.URL+`").catch((e) => e.name)`, `"TypeError"`)
	b.expect(`globalThis.harmed`, `null`)
	if n := asked.Load(); n != 0 {
		t.Errorf("the page asked a server %d times", n)
	}
}

func TestFailedIsOpen(t *testing.T) {
	r := red(t)
	b := open(t, r.page, "")
	id := `document.getElementById("` + r.refs[hostile] + `")`
	b.wait(id + `.querySelector("mark")`)
	b.expect(id+`.open`, `true`)
	b.expect(id+`.querySelector("details.x").open`, `true`)
	b.expect(`[...`+id+`.querySelectorAll("mark")].map((m) => m.textContent.split(":")[0])`, `["\"ok\""]`)
	b.expect(`[...`+id+`.querySelectorAll(".note")].map((m) => m.textContent.trim())[0]`, `"✗ must be true (const)"`)
	b.expect(`document.querySelectorAll("details.s.passed[open]").length`, `0`)
	undefined := `document.getElementById("` + r.refs["Has an undefined step"] + `")`
	b.expect(undefined+`.querySelector(".undefined .failure").textContent.includes("undefined")`, `true`)
	b.quiet()
}

func TestNothingIsInjected(t *testing.T) {
	r := red(t)
	b := open(t, r.page, "")
	b.eval(`for (const s of document.querySelectorAll("details")) s.open = true`)
	b.wait(`[...document.querySelectorAll("details.s")].every((s) => s.querySelector(".steps"))`)
	b.eval(`for (const s of document.querySelectorAll("details")) s.open = true`)
	b.expect(`globalThis.harmed`, `null`)
	b.expect(`document.querySelectorAll("img, iframe, object, embed, script:not([type])").length`, `1`) // which is ours
	b.expect(`[...document.querySelectorAll("*")].filter((e) => e.getAttributeNames().some((n) => n.startsWith("on"))).length`, `0`)
	words := strconv.Quote(hostile)
	id := `document.getElementById("` + r.refs[hostile] + `")`
	b.expect(id+`.querySelector(".name").textContent === `+words, `true`)
	b.expect(`[...`+id+`.querySelectorAll(".headers dd")].filter((d) => d.textContent === `+words+`).length`, `2`)
	b.expect(`[...`+id+`.querySelectorAll(".given td")].filter((d) => d.textContent === `+words+`).length`, `1`)
	b.expect(`[...`+id+`.querySelectorAll(".json .t")].filter((d) => JSON.parse(d.textContent) === `+words+`).length`, `1`)
	b.expect(`[...`+id+`.querySelectorAll(".json .k")].filter((d) => JSON.parse(d.textContent) === `+words+`).length`, `1`)
	b.quiet()
}

func TestFilters(t *testing.T) {
	r := red(t)
	tests := []struct {
		name, hash, choose string
		want               string // the names that are left
	}{
		{"not passed", "?status=bad", ``, `[` + strconv.Quote(hostile) + `,"Has an undefined step"]`},
		{"a status", "", `status: "undefined"`, `["Has an undefined step"]`},
		{"a rule", "?rule=export-chains-pages", ``, `["The first page follows nothing","Each next page commits to the page before it","The proof of a walk of one entry a page holds from end to end","` + walked + `","Two pages, with the hashes that another tool computed"]`},
		{"a rule and a side", "?rule=rollout-climbs-one-tier&side=refuses", ``, `["An active rollout from S0 to S2 is blocked","An active rollout from S0 to S3 is blocked","An active rollout from S1 to S3 is blocked","The block of an active rollout from S0 to S2 has its reason codes","The block of an active rollout from S0 to S3 has its reason codes","The block of an active rollout from S1 to S3 has its reason codes","A rollout that climbs too far moves nothing"]`},
		{"an operation", "", `operation: "healthz", status: "passed"`, `["Health is ok","Health does not look at who asks","Health is public in key mode too"]`},
		{"an outcome", "?outcome=partnerLiquidityProvider.rollout.upsert+rollout_blocked+partner_liquidity_provider_rollout_blocked", ``, `["An active rollout from S0 to S2 is blocked","An active rollout from S0 to S3 is blocked","An active rollout from S1 to S3 is blocked","The block of an active rollout from S0 to S2 has its reason codes","The block of an active rollout from S0 to S3 has its reason codes","The block of an active rollout from S1 to S3 has its reason codes","A rollout that climbs too far moves nothing"]`},
		{"a feature", "", `feature: "features/keys.feature", side: "keeps", status: "passed"`, `["Health is ok","Health does not look at who asks","Health is public in key mode too"]`},
		{"words of a name", "", `text: "STEP undefined"`, `["Has an undefined step"]`},
		{"words of a body", "", `operation: "healthz", text: "\"ok\": true,"`, `[]`},
		{"other words of a body", "", `operation: "healthz", status: "passed", text: "\"ok\": true"`, `["Health is ok","Health does not look at who asks","Health is public in key mode too"]`},
		{"words of a header", "", `text: "x-note: content-type: corr_healthz"`, `[` + strconv.Quote(hostile) + `]`},
		{"markup in a body", "", `text: "<img src=x onerror=\"globalThis.harmed=1\">", status: "checks_failed"`, `[` + strconv.Quote(hostile) + `]`},
		{"a cause", "?cause=schema: const /ok", ``, `[` + strconv.Quote(hostile) + `]`},
		{"two that do not meet", "", `operation: "healthz", rule: "export-chains-pages"`, `[]`},
	}
	b := open(t, r.page, "")
	all := b.eval(shown)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.TB = t
			if test.hash != "" {
				b.eval(`location.hash = "#` + test.hash + `"`)
			} else {
				b.eval(`(() => { const form = document.getElementById("filter"); form.reset();
					for (const [name, value] of Object.entries({` + test.choose + `})) form.elements[name].value = value;
					form.dispatchEvent(new Event("input")); })()`)
			}
			b.becomes(shown, test.want)
			b.becomes(`document.getElementById("found").textContent`, `"`+b.eval(shown+".length")+` of `+b.eval(`document.querySelectorAll("details.s").length`)+` scenarios"`)
			b.becomes(`document.querySelectorAll(".feature:not([hidden])").length`, b.eval(`new Set([...document.querySelectorAll("details.s:not([hidden])")].map((s) => s.parentElement)).size`))
			if test.hash == "" { // a choice can be sent to somebody
				b.becomes(`[...new URLSearchParams(location.hash.slice(2)).keys()].sort()`, b.eval(`Object.keys({`+test.choose+`}).sort()`))
			}
		})
	}
	b.TB = t
	b.eval(`document.querySelector("#filter [type=reset]").click()`)
	b.becomes(shown, all)
	b.eval(`location.hash = "#?rule=no-such-rule"`)
	b.becomes(shown, all)
	b.quiet()
}

func TestAddresses(t *testing.T) {
	r := red(t)
	tests := []struct{ name, hash, want string }{
		{"a scenario", r.refs[walked], r.refs[walked]},
		{"a step", r.refs[walked] + ".step-2", r.refs[walked] + ".step-2"},
		{"a page of an export", r.refs[walked] + ".page-2", r.refs[walked] + ".page-2"},
		{"a filter", "?rule=export-chains-pages", "scenarios"},
	}
	there := func(b *tab, hash, want string) {
		b.Helper()
		b.becomes(active, `"`+want+`"`)
		b.becomes(`(() => { const at = document.activeElement.getBoundingClientRect().top; return at >= 0 && at < innerHeight - 20 })()`, `true`)
		if strings.HasPrefix(hash, "s-") {
			b.expect(`document.getElementById("`+r.refs[walked]+`").open`, `true`)
		}
		b.quiet()
	}
	b := open(t, r.page, "")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { // of a page that is open
			b.TB = t
			b.eval(`location.hash = "#` + test.hash + `"`)
			there(b, test.hash, test.want)
		})
	}
	for _, test := range tests[1:] {
		t.Run(test.name+", from elsewhere", func(t *testing.T) {
			there(open(t, r.page, test.hash), test.hash, test.want)
		})
	}
	t.Run("what a filter hides", func(t *testing.T) {
		b := open(t, r.page, "?status=bad")
		b.becomes(shown+`.length`, `2`)
		b.eval(`location.hash = "#` + r.refs[walked] + `"`)
		b.becomes(active, `"`+r.refs[walked]+`"`)
		b.expect(`document.getElementById("filter").elements.status.value`, `""`)
	})
	t.Run("nothing that there is", func(t *testing.T) {
		open(t, r.page, "s-0000000000.step-1%").quiet()
	})
}

// A cause leads to its scenarios, to its rules and operations, and to its example.
func TestCauseLinks(t *testing.T) {
	r := red(t)
	b := open(t, r.page, "")
	first := `document.querySelector(".causes details")`
	b.expect(first+`.open`, `true`)
	b.expect(first+`.querySelector("summary .size").textContent`, `"1 scenario"`)
	b.expect(first+`.querySelector(".cmd pre").textContent.startsWith("curl -sS -i http://127.0.0.1:8109/healthz")`, `true`)
	key := b.eval(first + `.querySelector("summary code").textContent`)
	b.eval(first + `.querySelector("dd a").click()`)
	b.becomes(`document.getElementById("filter").elements.cause.value`, key)
	b.becomes(shown, `[`+strconv.Quote(hostile)+`]`)
	b.eval(first + `.querySelector(".because a").click()`)
	b.becomes(active, `"`+r.refs[hostile]+`"`)
	b.quiet()
}

func TestKeyboard(t *testing.T) {
	r := red(t)
	b := open(t, r.page, "")
	press := func(keys string) { b.Helper(); b.do(chromedp.KeyEvent(keys)) }
	press(kb.Tab)
	b.expect(`document.activeElement.className`, `"skip"`)
	b.expect(`document.activeElement.getBoundingClientRect().left`, `0`) // it is seen
	press(kb.Enter)
	b.becomes(active, `"scenarios"`)
	slash := func() { // as one event, as a keyboard sends it
		b.Helper()
		call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Code: "Slash", Text: "/"})
	}
	slash()
	b.expect(active, `"text"`)
	press("walk")
	slash()
	b.expect(`document.activeElement.value`, `"walk/"`)
	press(kb.Backspace)
	b.becomes(`document.getElementById("found").textContent.includes(" of ")`, `true`)
	press(kb.Escape)
	b.becomes(`document.getElementById("found").textContent.includes(" of ")`, `false`)
	b.eval(`document.querySelector("details.s.passed > summary").focus()`)
	b.expect(`getComputedStyle(document.activeElement).outlineStyle`, `"solid"`)
	press(kb.Enter)
	b.wait(`document.querySelector("details.s.passed .steps")`)
	b.quiet()
}

func TestCopies(t *testing.T) {
	r := red(t)
	b := open(t, r.page, r.refs[hostile])
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	id := `document.getElementById("` + r.refs[hostile] + `")`
	b.wait(id + `.querySelector(".cmd pre")`)
	b.eval(id + `.querySelector("pre + .copy").focus()`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.getElementById("announced").textContent === "Copied"`)
	b.expect(`navigator.clipboard.readText().then((text) => text === `+id+`.querySelector(".cmd pre").textContent && text.startsWith("curl -sS -i http://127.0.0.1:8109/healthz -H "))`, `true`)
	b.expect(`document.activeElement.className`, `"copy"`)
	b.quiet()
}

func TestDarkAndPaper(t *testing.T) {
	b := open(t, red(t).page, "")
	tests := []struct {
		medium, scheme, expression, want string
	}{
		{"screen", "light", `getComputedStyle(document.querySelector("#verdict")).backgroundColor`, `"rgb(255, 255, 255)"`},
		{"screen", "dark", `getComputedStyle(document.querySelector("#verdict")).backgroundColor`, `"rgb(21, 24, 29)"`},
		{"screen", "dark", `getComputedStyle(document.querySelector(".print-note")).display`, `"none"`},
		{"print", "light", `getComputedStyle(document.querySelector("nav")).display`, `"none"`},
		{"print", "light", `getComputedStyle(document.querySelector("#filter")).display`, `"none"`},
		{"print", "light", `getComputedStyle(document.querySelector(".print-note")).display`, `"block"`},
		{"print", "light", `getComputedStyle(document.querySelector("details.s.passed")).display`, `"none"`},
		{"print", "light", `getComputedStyle(document.querySelector("details.s.checks_failed")).display`, `"block"`},
		{"print", "dark", `getComputedStyle(document.querySelector("#verdict")).backgroundColor`, `"rgb(255, 255, 255)"`},
	}
	for _, test := range tests {
		t.Run(test.medium+" "+test.scheme, func(t *testing.T) {
			b.TB = t
			b.media(test.medium, test.scheme)
			b.expect(test.expression, test.want)
		})
	}
}

// What examines the page is a program of npm's, at the version that package-lock.json pins.
func TestAccessible(t *testing.T) {
	const axe = "testdata/axe/node_modules/axe-core/axe.min.js"
	if _, err := os.Stat(axe); err != nil {
		c := exec.Command("npm", "ci")
		c.Dir = "testdata/axe"
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("the page is examined by axe-core, which npm installs, so install Node.js and npm: %v\n%s", err, out)
		}
	}
	source, err := os.ReadFile(axe)
	if err != nil {
		t.Fatal(err)
	}
	r := red(t)
	const all = `["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]`
	b := open(t, r.page, r.refs[walked])
	b.becomes(active, `"`+r.refs[walked]+`"`)
	b.eval(`for (const s of document.querySelectorAll("#` + r.refs[walked] + ` details")) s.open = true`)
	b.eval(string(source) + "; null")
	for _, look := range []struct {
		name, scheme string
		width        int64
		rules        string
	}{
		{"light", "light", 1280, all + `, rules: {"target-size": {enabled: false}}`},
		{"dark", "dark", 1280, `["color-contrast"]`},
		{"wide", "light", 1280, `["target-size"]`},
		{"narrow", "light", 400, `["target-size"]`},
	} {
		t.Run(look.name, func(t *testing.T) {
			b.TB = t
			b.media("screen", look.scheme)
			b.size(look.width, 900)
			if look.rules == `["target-size"]` { // a link of an open scenario may be behind the bars that stay in view
				b.eval(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
					for (const s of document.querySelectorAll("details.s[open]")) s.open = s.id === "` + r.refs[walked] + `";
					document.getElementById("` + r.refs[walked] + `").scrollIntoView();
					done();
				})))`)
			}
			b.expect(`axe.run({runOnly: `+look.rules+`, resultTypes: ["violations"]}).then((found) =>
				found.violations.map((v) => v.id + ": " + v.nodes.slice(0, 5).map((n) => n.target + " " + n.failureSummary).join("; ")))`, `[]`)
			b.expect(`[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest(".wide, .skip, .vh"))
				.slice(0, 9).map((e) => e.tagName + "." + e.className + "#" + e.id)`, `[]`) // nothing is cut off
		})
	}
}
