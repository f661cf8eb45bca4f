package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
)

// The part of CycloneDX that a Go program fills in: https://cyclonedx.org/docs/1.6/json/.
type (
	billOfMaterials struct {
		Format      string      `json:"bomFormat"`
		SpecVersion string      `json:"specVersion"`
		Version     int         `json:"version"`
		Metadata    metadata    `json:"metadata"`
		Components  []component `json:"components"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		PURL       string     `json:"purl"`
		Properties []property `json:"properties,omitempty"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// printBillOfMaterials lists what was linked into a program, from what the linker wrote into it. There is no date and no
// serial number in it: one program has one bill.
func printBillOfMaterials(name, version, binary string, out io.Writer) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	program := component{Type: "application", Ref: name, Name: name, Version: version, PURL: purl(info.Main.Path, version)}
	for _, setting := range info.Settings {
		if setting.Key == "GOOS" || setting.Key == "GOARCH" || setting.Key == "CGO_ENABLED" {
			program.Properties = append(program.Properties, property{"go:" + setting.Key, setting.Value})
		}
	}
	libraries := []component{library("std", info.GoVersion)}
	for _, module := range info.Deps {
		libraries = append(libraries, library(module.Path, effectiveVersion(module)))
	}
	slices.SortFunc(libraries, func(a, b component) int {
		if a.Ref < b.Ref {
			return -1
		}
		return 1
	})
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(billOfMaterials{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: metadata{Component: program}, Components: libraries,
	})
}

// effectiveVersion is that of the code that was linked. The project's own API module is replaced by a folder, which has
// none: it is of the version that is required.
func effectiveVersion(module *debug.Module) string {
	if module.Replace != nil && module.Replace.Version != "" {
		return module.Replace.Version
	}
	return module.Version
}

func library(path, version string) component {
	id := purl(path, version)
	return component{Type: "library", Ref: id, Name: path, Version: version, PURL: id}
}

func purl(path, version string) string { return fmt.Sprintf("pkg:golang/%s@%s", path, version) }
