// Package ci holds what .github says of the repository against the repository.
package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// read parses a file of .github strictly: a key that is given twice is an error.
func read(g Gomega, into any, path string) {
	content, err := os.ReadFile(filepath.Join(root, ".github", path))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml.UnmarshalStrict(content, into)).To(Succeed(), path)
}

func TestDependabotHasEveryModule(t *testing.T) {
	g := NewWithT(t)
	var config struct {
		Version int `json:"version"`
		Updates []map[string]any
	}
	read(g, &config, "dependabot.yml")
	var told []any
	for _, update := range config.Updates {
		if update["package-ecosystem"] == "gomod" {
			g.Expect(update["directories"]).To(BeAssignableToTypeOf(told))
			told = append(told, update["directories"].([]any)...)
		}
	}

	listed, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "go.mod", "*/go.mod").Output()
	g.Expect(err).NotTo(HaveOccurred())
	var modules []any
	for file := range strings.FieldsSeq(string(listed)) {
		modules = append(modules, filepath.Join("/", filepath.Dir(file)))
	}
	g.Expect(modules).NotTo(BeEmpty())
	g.Expect(told).To(ConsistOf(modules...))
}

func TestWorkflowRunsWhatIsRunHere(t *testing.T) {
	g := NewWithT(t)
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct {
				Run  string         `json:"run"`
				Uses string         `json:"uses"`
				With map[string]any `json:"with"`
			} `json:"steps"`
		} `json:"jobs"`
	}
	content := map[string]any{}
	read(g, &content, filepath.Join("workflows", "ci.yaml"))
	encoded, err := yaml.Marshal(content)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml.Unmarshal(encoded, &workflow)).To(Succeed())

	var runs []string
	for name, job := range workflow.Jobs {
		var versions []any
		for _, step := range job.Steps {
			if step.Run != "" {
				runs = append(runs, step.Run)
			}
			if strings.HasPrefix(step.Uses, "actions/setup-go@") {
				versions = append(versions, step.With["go-version-file"])
			}
		}
		g.Expect(versions).To(Equal([]any{"go.mod"}), name)
	}
	g.Expect(runs).To(ContainElement(".ci/run"))
	g.Expect(filepath.Join(root, ".ci", "run")).To(BeARegularFile())
}

func TestIssueFormsParse(t *testing.T) {
	g := NewWithT(t)
	forms, err := filepath.Glob(filepath.Join(root, ".github", "ISSUE_TEMPLATE", "*.yml"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(forms)).To(BeNumerically(">", 2))
	for _, form := range forms {
		var content map[string]any
		read(g, &content, filepath.Join("ISSUE_TEMPLATE", filepath.Base(form)))
		if filepath.Base(form) == "config.yml" {
			continue
		}
		g.Expect(content).To(And(HaveKey("name"), HaveKey("description"), HaveKey("body")), form)
	}
}
