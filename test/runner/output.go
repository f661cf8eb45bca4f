package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// output passes on what a suite prints, line by line and with the suite's name, but for the dots that Ginkgo prints: they
// are counted.
type output struct {
	suite string
	to    io.Writer

	mu   sync.Mutex
	line []byte
	// counted is how many dots of the line have been counted.
	counted     int
	done, cases int
}

const dot = "•"

var willRun = regexp.MustCompile(`^Will run (\d+) of \d+ specs`)

// Write takes what the suite prints.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line = append(o.line, p...)
	for {
		line, rest, whole := bytes.Cut(o.line, []byte("\n"))
		dots := bytes.Count(line, []byte(dot))
		o.done += dots - o.counted
		o.counted = dots
		if !whole {
			return len(p), nil
		}
		o.pass(string(line))
		o.line, o.counted = bytes.Clone(rest), 0
	}
}

// flush passes on a line that has not ended.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pass(string(o.line))
	o.line, o.counted = nil, 0
}

func (o *output) pass(line string) {
	if will := willRun.FindStringSubmatch(line); will != nil {
		o.cases, _ = strconv.Atoi(will[1])
	}
	if strings.Trim(line, dot+" ") != "" {
		_, _ = fmt.Fprintf(o.to, "%s: %s\n", o.suite, line)
	}
}

// progress is how many cases have ended.
func (o *output) progress() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cases == 0 {
		return "runs"
	}
	return fmt.Sprintf("%d of %d", o.done, o.cases)
}
