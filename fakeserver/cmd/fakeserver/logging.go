package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/pflag"

	"example.com/lpgate/fakeserver/internal/jcs"
)

// logging are the settings of the log.
type logging struct{ level, format string }

func (l *logging) register(flags *pflag.FlagSet) {
	flags.StringVar(&l.level, "log-level", "info", "minimum log `LEVEL`: debug (each request), info, warn or error")
	flags.StringVar(&l.format, "log-format", "text", "log `FORMAT`, text or json; one line for each event, on standard error")
}

// logger returns the logger. Source returns where a setting was given.
func (l *logging) logger(w io.Writer, source func(string) string) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[l.level]
	if !ok {
		return nil, fmt.Errorf("%s is not %q: write debug, info, warn or error", source("log-level"), l.level)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: validText}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("%s is not %q: write text or json", source("log-format"), l.format)
}

// validText replaces invalid UTF-8 in an attribute: it can have bytes of a request.
func validText(_ []string, attr slog.Attr) slog.Attr {
	switch value := attr.Value.Any().(type) {
	case string:
		attr.Value = slog.StringValue(jcs.Text(value))
	case error:
		attr.Value = slog.StringValue(jcs.Text(value.Error()))
	}
	return attr
}
