package transcripts

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// page is a document whose ```console blocks are transcripts: a line that begins with "$ " is a command, which lines with
// "> " continue, and what follows is what it prints. If nothing follows, what it prints is not shown, but it has to succeed.
type page struct {
	path  string
	lines []string
	steps []step
	// files are the yaml blocks that begin with a comment that is nothing but a file name.
	files map[string]string

	// masks are for what differs in each run on this page alone.
	masks []mask
	// real puts what there is into commands and outputs, where the page has an example; paper is the other way round.
	real, paper *strings.Replacer
	// between is done where another section begins, which it is given.
	between func(*session, string)
}

// step is one command of a page.
type step struct {
	// section is the heading above it.
	section string
	command string
	output  string
	// first and last are the lines of the output in the page, as in a slice.
	first, last int
	indent      string
	// printed is what it prints in truth, if that is something else.
	printed string
}

var (
	fence    = regexp.MustCompile("^( *)```([a-z]*)$")
	heredoc  = regexp.MustCompile(`<<'?([A-Z]+)'?`)
	fileName = regexp.MustCompile(`^# ([a-z0-9-]+\.yaml)$`)
)

func readPage(path string) *page {
	GinkgoHelper()
	text, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	p := &page{path: path, lines: strings.Split(string(text), "\n"), files: map[string]string{}}
	p.standFor()
	section := ""
	for i := 0; i < len(p.lines); i++ {
		if heading, is := strings.CutPrefix(strings.TrimLeft(p.lines[i], "#"), " "); is && strings.HasPrefix(p.lines[i], "#") {
			section = heading
		}
		opening := fence.FindStringSubmatch(p.lines[i])
		if opening == nil {
			continue
		}
		first := i + 1
		for i++; i < len(p.lines) && p.lines[i] != opening[1]+"```"; i++ {
		}
		Expect(i).To(BeNumerically("<", len(p.lines)), "%s:%d: the block does not end", path, first)
		switch opening[2] {
		case "console":
			p.addTranscript(section, opening[1], first, i)
		case "yaml":
			p.addFile(opening[1], p.lines[first:i])
		}
	}
	return p
}

func (p *page) addFile(indent string, lines []string) {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(strings.TrimPrefix(line, indent) + "\n")
	}
	first, _, _ := strings.Cut(text.String(), "\n")
	if name := fileName.FindStringSubmatch(first); name != nil {
		p.files[name[1]] = text.String()
	}
}

func (p *page) addTranscript(section, indent string, first, end int) {
	GinkgoHelper()
	line := func(i int) string { return strings.TrimPrefix(p.lines[i], indent) }
	for i := first; i < end; {
		command, is := strings.CutPrefix(line(i), "$ ")
		Expect(is).To(BeTrue(), "%s:%d: a transcript begins with a command", p.path, i+1)
		i++
		for ; i < end && strings.HasPrefix(line(i), "> "); i++ {
			command += "\n" + strings.TrimPrefix(line(i), "> ")
		}
		if mark := heredoc.FindStringSubmatch(command); mark != nil {
			for ended := false; !ended; i++ {
				Expect(i).To(BeNumerically("<", end), "%s:%d: there is no %s", p.path, first, mark[1])
				command += "\n" + line(i)
				ended = line(i) == mark[1]
			}
		}
		s := step{section: section, command: command, first: i, indent: indent}
		for ; i < end && !strings.HasPrefix(line(i), "$ "); i++ {
			s.output += line(i) + "\n"
		}
		s.output = strings.TrimRight(s.output, "\n")
		s.last = s.first + strings.Count(s.output, "\n")
		if s.output != "" {
			s.last++
		}
		p.steps = append(p.steps, s)
	}
}

// standFor says what stands for what in the page: pairs of an example and what is real.
func (p *page) standFor(pairs ...string) {
	p.real = strings.NewReplacer(pairs...)
	slices.Reverse(pairs)
	p.paper = strings.NewReplacer(pairs...)
}

// rewrite puts into the page what its commands print now.
func (p *page) rewrite() {
	GinkgoHelper()
	var text []string
	next := 0
	for _, s := range p.steps {
		if s.printed == "" {
			continue
		}
		text = append(text, p.lines[next:s.first]...)
		for line := range strings.SplitSeq(s.printed, "\n") {
			text = append(text, strings.TrimRight(s.indent+line, " "))
		}
		next = s.last
	}
	text = append(text, p.lines[next:]...)
	Expect(os.WriteFile(p.path, []byte(strings.Join(text, "\n")), 0o600)).To(Succeed())
}

// documents are the pages of the project that users read.
func documents() []string {
	GinkgoHelper()
	docs, err := filepath.Glob("../../docs/*.md")
	Expect(err).NotTo(HaveOccurred())
	top, err := filepath.Glob("../../*.md")
	Expect(err).NotTo(HaveOccurred())
	return append(top, docs...)
}
