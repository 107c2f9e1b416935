package shard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json" // of two members with one name, encoding/json takes the last without an error

	"example.com/lpgate/internal/textfile"
	"example.com/lpgate/runner/internal/plan"
	"example.com/lpgate/runner/internal/record"
)

// ref is the short name of a scenario.
var ref = regexp.MustCompile(`^s-[0-9a-f]{10}$`)

// ReadDurations reads how long scenarios took, out of the event log of an earlier run, or of a small file that has it in
// milliseconds, as JSON or with one scenario to a line:
//
//	{"s-0bb72c18b2": 1.5, "s-322fc95915": 20}
//
//	s-0bb72c18b2	1.5
//	s-322fc95915	20
//
// Scenarios that there are no more are not minded.
func ReadDurations(file string) (plan.Durations, error) {
	text, err := textfile.ReadData(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	var durations plan.Durations
	switch {
	case bytes.HasPrefix(text, []byte(`{"meta"`)):
		durations, err = ofLog(text)
	case strings.HasPrefix(strings.TrimSpace(string(text)), "{"):
		durations, err = ofObject(text)
	default:
		return ofLines(file, text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(durations) == 0 {
		return nil, fmt.Errorf("%s: no scenario was measured in it", file)
	}
	return durations, nil
}

func ofLog(text []byte) (plan.Durations, error) {
	run, err := record.Read(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	durations := plan.Durations{}
	for _, s := range run.Scenarios {
		if !s.Ended.IsZero() {
			durations[s.Ref()] = s.Took()
		}
	}
	return durations, nil
}

func ofObject(text []byte) (plan.Durations, error) {
	var file map[string]float64
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("it is to be like {\"s-0bb72c18b2\": 1.5}, in milliseconds: %w", err)
	}
	durations := plan.Durations{}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		took, err := measured(name, file[name])
		if err != nil {
			return nil, fmt.Errorf("/%s: %w", name, err)
		}
		durations[name] = took
	}
	return durations, nil
}

func ofLines(file string, text []byte) (plan.Durations, error) {
	durations := plan.Durations{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		if len(words) != 2 {
			return nil, fmt.Errorf("%s:%d: a line is the short name of a scenario, a tab, and milliseconds, such as s-0bb72c18b2\t1.5", file, number)
		}
		ms, err := strconv.ParseFloat(words[1], 64)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %q is no number of milliseconds", file, number, words[1])
		}
		took, err := measured(words[0], ms)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
		if _, twice := durations[words[0]]; twice {
			return nil, fmt.Errorf("%s:%d: %s stands there twice", file, number, words[0])
		}
		durations[words[0]] = took
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if len(durations) == 0 {
		return nil, fmt.Errorf("%s: no scenario was measured in it", file)
	}
	return durations, nil
}

// measured is one measurement.
func measured(name string, ms float64) (time.Duration, error) {
	switch {
	case !ref.MatchString(name):
		return 0, fmt.Errorf("%q is no short name of a scenario, such as s-0bb72c18b2", name)
	case ms < 0 || math.IsNaN(ms) || ms > float64(24*time.Hour/time.Millisecond):
		return 0, fmt.Errorf("%s took %v ms, and that cannot be", name, ms)
	}
	return time.Duration(ms * float64(time.Millisecond)), nil
}
