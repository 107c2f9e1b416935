package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// expression is a text that is given once. A second one would silently replace the first.
type expression struct {
	text  *string
	given bool
}

func (e *expression) String() string {
	if e.text == nil {
		return ""
	}
	return *e.text
}

func (e *expression) Type() string { return "string" }

func (e *expression) Set(text string) error {
	if e.given {
		return errors.New("it is given twice; one expression says both: '(FIRST) and (SECOND)'")
	}
	*e.text, e.given = text, true
	return nil
}

// count is a whole number within bounds; 0 when it is not given.
type count struct {
	n           *int
	least, most int
}

func (c *count) String() string {
	if c.n == nil || *c.n == 0 {
		return ""
	}
	return strconv.Itoa(*c.n)
}

func (c *count) Type() string { return "int" }

func (c *count) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < c.least || n > c.most {
		return fmt.Errorf("it is a number from %d to %d", c.least, c.most)
	}
	*c.n = n
	return nil
}

// part is one of several: its number, from 1, and how many there are, as in 2/4.
type part struct {
	index, of *int
	most      int
}

func (p *part) String() string {
	if p.of == nil || *p.of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", *p.index, *p.of)
}

func (p *part) Type() string { return "part" }

func (p *part) Set(text string) error {
	first, second, _ := strings.Cut(text, "/")
	index, err := strconv.Atoi(first)
	of, errOf := strconv.Atoi(second)
	switch {
	case err != nil || errOf != nil || of < 1 || of > p.most:
		return fmt.Errorf("it is a number, a slash, and how many there are, from 1 to %d, as in 2/4", p.most)
	case index < 1 || index > of:
		return fmt.Errorf("of %d the first is 1/%d, and the last %d/%d", of, of, of, of)
	}
	*p.index, *p.of = index, of
	return nil
}
