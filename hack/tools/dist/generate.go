package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const installHeader = `# Written by 'make generate' from config/default. Apply it with: kubectl apply -f install.yaml
# See docs/install.md for the image's registry and for the arrays' address ranges.
---
`

// generate builds config/default, and config/prometheus if it is there, into dist/.
func generate(repository string) error {
	objects, err := build(filepath.Join(repository, "config", "default"))
	if err != nil {
		return err
	}
	manifest, err := objects.AsYaml()
	if err != nil {
		return err
	}
	dist := filepath.Join(repository, "dist")
	if err := writeFile(filepath.Join(dist, "install.yaml"), installHeader+string(manifest)); err != nil {
		return err
	}

	monitoring := filepath.Join(repository, "config", "prometheus")
	if _, err := os.Stat(monitoring); err == nil {
		more, err := build(monitoring)
		if err != nil {
			return err
		}
		if err := objects.AppendAll(more); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	chart := filepath.Join(dist, "chart")
	files, err := templates(objects)
	if err != nil {
		return err
	}
	if err := removeGenerated(filepath.Join(chart, "templates")); err != nil {
		return err
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(chart, "templates", name), text); err != nil {
			return err
		}
	}
	return stampChart(filepath.Join(chart, "Chart.yaml"), objects)
}

// removeGenerated removes the templates of an earlier run: their objects may be gone from config/.
func removeGenerated(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(string(text), templateHeader) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

func build(dir string) (resmap.ResMap, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified // up to the kustomization
	return krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

var chartVersions = regexp.MustCompile(`(?m)^(version|appVersion): .*$`)

// stampChart gives the chart the version that the image has in config/.
func stampChart(path string, objects resmap.ResMap) error {
	_, version, err := managerImage(objects)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	stamped := chartVersions.ReplaceAllString(string(text), fmt.Sprintf("$1: %q", version))
	return writeFile(path, stamped)
}
