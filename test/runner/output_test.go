package main

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestOutputCountsDotsAndPassesLines(t *testing.T) {
	g := NewWithT(t)
	var printed strings.Builder
	o := &output{suite: "e2e", to: &printed}
	g.Expect(o.progress()).To(Equal("runs"))
	text := "Will run 4 of 234 specs\n••\n------\n• [FAILED] [1.2 seconds]\n•"
	for i := range len(text) { // as if every byte came by itself: a dot has three
		n, err := o.Write([]byte{text[i]})
		g.Expect(n, err).To(Equal(1))
	}
	g.Expect(o.progress()).To(Equal("4 of 4"))
	o.flush()
	g.Expect(o.progress()).To(Equal("4 of 4"))
	g.Expect(printed.String()).To(Equal("e2e: Will run 4 of 234 specs\ne2e: ------\ne2e: • [FAILED] [1.2 seconds]\n"))
}
