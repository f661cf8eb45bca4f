package main

import (
	"fmt"
	"unicode/utf8"
)

// figure is one line of the table.
type figure struct {
	name, goal, measured string
	met                  bool
}

// note adds a figure.
func (b *bench) note(name, goal string, met bool, measured string, args ...any) {
	b.figures = append(b.figures, figure{name, goal, fmt.Sprintf(measured, args...), met})
	b.progress("-> %s: %s", name, b.figures[len(b.figures)-1].measured)
}

// printTable returns 2 if a goal was missed, or else 0.
func printTable(figures []figure) int {
	code := 0
	rows := [][4]string{{"figure", "goal", "measured", ""}}
	for _, f := range figures {
		verdict := "met"
		if !f.met {
			verdict, code = "MISSED", 2
		}
		rows = append(rows, [4]string{f.name, f.goal, f.measured, verdict})
	}
	var widths [4]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		fmt.Printf("| %-*s | %-*s | %-*s | %-*s |\n", widths[0], row[0], widths[1], row[1], widths[2], row[2], widths[3], row[3])
	}
	return code
}
