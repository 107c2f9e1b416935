package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/pflag"

	"example.com/lpgate/fakeserver/internal/jcs"
)

// logging are the flags that say what is logged, and how.
type logging struct{ level, format string }

func (l *logging) register(flags *pflag.FlagSet) {
	flags.StringVar(&l.level, "log-level", "info", "log `LEVEL` and what is graver: debug (each request), info, warn or error")
	flags.StringVar(&l.format, "log-format", "text", "log as `FORMAT`, text or json, one line for each event, on standard error")
}

// logger gives the logger that the flags describe. Named tells where one was given.
func (l *logging) logger(to io.Writer, named func(string) string) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[l.level]
	if !ok {
		return nil, fmt.Errorf("%s is not %q: write debug, info, warn or error", named("log-level"), l.level)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: asText}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(to, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, options)), nil
	}
	return nil, fmt.Errorf("%s is not %q: write text or json", named("log-format"), l.format)
}

// asText makes text of what a line of the log has, in which bytes of a request may stand.
func asText(_ []string, attr slog.Attr) slog.Attr {
	switch value := attr.Value.Any().(type) {
	case string:
		attr.Value = slog.StringValue(jcs.Text(value))
	case error:
		attr.Value = slog.StringValue(jcs.Text(value.Error()))
	}
	return attr
}
