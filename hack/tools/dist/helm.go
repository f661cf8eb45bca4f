package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"helm.sh/helm/v4/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// printTemplate prints the manifests of a chart, or its notes.
func printTemplate(args []string, out io.Writer) error {
	var set []string
	flags := flag.NewFlagSet("template", flag.ContinueOnError)
	release := flags.String("name", "ontap-san", "name of the release")
	namespace := flags.String("namespace", namespace, "namespace of the release")
	file := flags.String("values", "", "file with values")
	notes := flags.Bool("notes", false, "print what is said after the installation instead")
	flags.Func("set", "a value, as in a.b=c; may be repeated", func(s string) error {
		set = append(set, s)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errUsage
	}
	given := map[string]any{}
	if *file != "" {
		text, err := os.ReadFile(*file)
		if err != nil {
			return err
		}
		if err := yaml.UnmarshalStrict(text, &given); err != nil {
			return fmt.Errorf("%s: %w", *file, err)
		}
	}
	for _, s := range set {
		if err := strvals.ParseInto(s, given); err != nil {
			return fmt.Errorf("--set %s: %w", s, err)
		}
	}

	chart, err := loader.Load(flags.Arg(0))
	if err != nil {
		return err
	}
	options := common.ReleaseOptions{Name: *release, Namespace: *namespace, Revision: 1, IsInstall: true}
	values, err := util.ToRenderValues(chart, given, options, common.DefaultCapabilities)
	if err != nil {
		return err
	}
	rendered, err := engine.Render(chart, values)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(rendered)) {
		text := strings.TrimSpace(rendered[name])
		if text == "" || (path.Base(name) == "NOTES.txt") != *notes {
			continue
		}
		if !*notes {
			text = "---\n# Source: " + name + "\n" + strings.TrimPrefix(text, "---\n")
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	return nil
}

// lintChart fails at what is more than a hint.
func lintChart(dir string, out io.Writer) error {
	result := lint.RunAll(dir, nil, namespace)
	var said bytes.Buffer
	for _, message := range result.Messages {
		fmt.Fprintln(&said, message)
	}
	if _, err := said.WriteTo(out); err != nil {
		return err
	}
	if result.HighestSeverity >= support.WarningSev {
		return errors.New("the chart has faults")
	}
	return nil
}
