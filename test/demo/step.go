package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// step is something that takes time: its name, and what to do, which returns what came of it.
type step struct {
	name string
	do   func(context.Context) (string, error)
}

// inOrder takes steps one after the other, and prints a line for each: its name, how long it took, what came of it.
func inOrder(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		fmt.Printf("  %-15s", s.name)
		began := time.Now()
		outcome, err := s.do(ctx)
		if err != nil {
			fmt.Println("-")
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%5.1fs  %s\n", time.Since(began).Seconds(), outcome)
	}
	return nil
}

// field reads one string of a JSON object; "" if there is none.
func field(object, name string) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		return ""
	}
	value, _ := fields[name].(string)
	return value
}
