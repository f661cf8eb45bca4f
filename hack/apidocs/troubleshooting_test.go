package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestEveryReasonHasAnEntryInTroubleshooting(t *testing.T) {
	g := NewWithT(t)
	parsed, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, 0)
	g.Expect(err).NotTo(HaveOccurred())
	var reasons, events []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		g.Expect(err).NotTo(HaveOccurred())
		switch name := spec.Names[0].Name; {
		case strings.HasPrefix(name, "Reason"):
			reasons = append(reasons, value)
		case strings.HasPrefix(name, "Event"):
			events = append(events, value)
		}
		return true
	})
	g.Expect(len(reasons)).To(BeNumerically(">", 40))

	page, err := os.ReadFile("../../docs/troubleshooting.md")
	g.Expect(err).NotTo(HaveOccurred())
	entries := func(pattern string) (found []string) {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(page), -1) {
			found = append(found, match[1])
		}
		return found
	}
	g.Expect(entries(`(?m)^### (\w+)$`)).To(ConsistOf(reasons), "one entry a reason")
	g.Expect(entries("(?m)^\\| `(\\w+)` \\|")).To(ConsistOf(events), "one line an event")
}
