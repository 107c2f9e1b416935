package milestones

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// hint is what was probably done wrong in a text that is no YAML.
type hint struct {
	line    int
	message string
}

// diagnose looks for the usual mistakes of those who write YAML by hand: a line that is indented like nothing above it,
// and a blank that is missing behind a colon or a dash. Package yaml words them by its grammar, and often names the
// line on which the list or mapping begins. A line is named only if the text before it is YAML and with it is none.
func diagnose(text []byte) (found hint, known bool) {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	o := indentScanner{inside: -1}
	for n := 0; n < len(lines) && !known; n++ {
		if o.skips(lines[n]) {
			continue
		}
		says := o.line(lines[n])
		if found, known = (hint{n + 1, says}), says != ""; o.flow > 0 {
			o.opened = n + 1
		}
	}
	if !known && o.flow > 0 {
		found, known = hint{o.opened, "a { or [ on the line is not closed"}, true
	}
	if !known || notYAML(lines[:found.line-1]) || !notYAML(lines[:found.line]) {
		return hint{}, false
	}
	return found, true
}

// notYAML tells whether the documents of some lines cannot be read.
func notYAML(lines []string) bool {
	decoder := yaml.NewDecoder(strings.NewReader(strings.Join(lines, "\n") + "\n"))
	for {
		if err := decoder.Decode(new(yaml.Node)); err != nil {
			return !errors.Is(err, io.EOF)
		}
	}
}

// indentScanner follows the lists and mappings of a text, as far as their indentation tells of them.
type indentScanner struct {
	levels []level
	open   bool // the last line ended with a name or a dash, and what is its value may follow
	inside int  // the text of a block (| or >) has more blanks than that; -1: there is none
	flow   int  // how many { and [ are open
	opened int  // on which line
	before string
}

// level is a list or a mapping, and how many blanks are before each of its lines.
type level struct {
	blanks int
	list   bool
}

var (
	blockText = regexp.MustCompile(`[:-]\s+[|>][-+0-9]*\s*(?:#.*)?$`)
	named     = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'#{}\[\],&*!|>%@` + "`" + `-](?:[^:#]|:\S|\S#)*)\s*:(?:\s+(.*))?$`)
	joined    = regexp.MustCompile(`^(?:- +)*[A-Za-z_][A-Za-z0-9_-]*:[^\s:/][^\s:]*$`)
	dashed    = regexp.MustCompile(`^-[A-Za-z_][A-Za-z0-9_-]*:(?:\s|$)`)
	quoted    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'`)
	comment   = regexp.MustCompile(`(^|\s)#.*$`)
)

// skips tells whether a line is no line of a list or a mapping in block style.
func (o *indentScanner) skips(line string) bool {
	content := strings.TrimSpace(line)
	if content == "" {
		return true
	}
	if o.inside >= 0 {
		if blanksBefore(line) > o.inside {
			return true
		}
		o.inside = -1
	}
	if content[0] == '#' || content == "---" {
		return true
	}
	if o.flow > 0 {
		o.flow += flows(line)
		return true
	}
	return false
}

// line takes the next line, and says what is wrong with it; "" is nothing.
func (o *indentScanner) line(line string) string {
	blanks, content := blanksBefore(line), strings.TrimSpace(comment.ReplaceAllString(quoted.ReplaceAllString(line, "x"), ""))
	if strings.HasPrefix(content, "\t") || strings.HasPrefix(line[blanks:], "\t") {
		return "the line is indented with a tab: use blanks"
	}
	before := o.before
	o.before = content
	item, key := content == "-" || strings.HasPrefix(content, "- "), named.MatchString(content)
	last := len(o.levels) - 1
	switch {
	case last < 0:
	case blanks > o.levels[last].blanks && !o.open:
		if !item && !key {
			return "" // the text of the line before goes on
		}
		if joined.MatchString(before) {
			return "the line before has no blank behind its colon"
		}
		if dashed.MatchString(before) {
			return "the line before has no blank behind its dash"
		}
		return fmt.Sprintf("the line is indented by %s, deeper than the one before, which has its value already", count(blanks))
	case blanks < o.levels[last].blanks:
		var known []int
		for _, l := range o.levels {
			known = append(known, l.blanks)
		}
		for last >= 0 && o.levels[last].blanks > blanks {
			last--
		}
		o.levels = o.levels[:last+1]
		if last < 0 || o.levels[last].blanks != blanks {
			return fmt.Sprintf("the line is indented by %s, and nothing above is: that is by %s", count(blanks), either(known))
		}
	}
	if last >= 0 && o.levels[last].blanks == blanks {
		switch {
		case o.levels[last].list && !item:
			if last > 0 && o.levels[last-1].blanks == blanks {
				o.levels = o.levels[:last] // a list may stand as far out as the name before it
				break
			}
			return fmt.Sprintf("the line stands where the items of a list begin, and has no dash: indent it by %s if it belongs to the item above", count(blanks+2))
		case !o.levels[last].list && item && o.open:
			o.levels = append(o.levels, level{blanks, true})
		}
	}
	return o.enter(blanks, content)
}

// enter takes what a line has behind its blanks.
func (o *indentScanner) enter(blanks int, content string) string {
	push := func(list bool) {
		if last := len(o.levels) - 1; last < 0 || o.levels[last].blanks < blanks {
			o.levels = append(o.levels, level{blanks, list})
		}
	}
	block := blockText.MatchString(content)
	for content == "-" || strings.HasPrefix(content, "- ") {
		push(true)
		rest := strings.TrimLeft(content[1:], " ")
		blanks, content = blanks+len(content)-len(rest), rest
	}
	o.open = content == ""
	if parts := named.FindStringSubmatch(content); parts != nil {
		push(false)
		o.open = parts[1] == "" || strings.HasPrefix(parts[1], "&") || strings.HasPrefix(parts[1], "!")
		if content = parts[1]; named.MatchString(content) {
			return "a colon with a blank behind it is in the value: put that into quotes"
		}
	}
	if last := len(o.levels) - 1; block && last >= 0 {
		o.inside = o.levels[last].blanks
	}
	o.flow = max(0, o.flow+flows(content))
	return ""
}

// flows tells how many more { and [ begin than end on a line.
func flows(line string) int {
	line = comment.ReplaceAllString(quoted.ReplaceAllString(line, "x"), "")
	if at := strings.IndexAny(line, "{["); at > 0 && !strings.ContainsAny(line[at-1:at], " {[,:") {
		return 0 // they are letters of a text
	}
	return strings.Count(line, "{") + strings.Count(line, "[") - strings.Count(line, "}") - strings.Count(line, "]")
}

func blanksBefore(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// count says how many blanks.
func count(blanks int) string {
	switch blanks {
	case 0:
		return "no blank"
	case 1:
		return "1 blank"
	}
	return fmt.Sprint(blanks, " blanks")
}

// either lists numbers of blanks.
func either(blanks []int) string {
	var texts []string
	for _, n := range slices.Compact(blanks) {
		texts = append(texts, strconv.Itoa(n))
	}
	if last := len(texts) - 1; last > 0 {
		return strings.Join(texts[:last], ", ") + " or " + texts[last]
	}
	return texts[0]
}
