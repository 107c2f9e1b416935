package main

import (
	"errors"
	"fmt"
	"strconv"
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
