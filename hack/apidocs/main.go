// Command apidocs writes docs/reference.md: every field from the CRDs, every condition, reason and annotation from the
// godoc of api/v1alpha1. Run it from the root of the repository; make generate does.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const intro = `# Reference

Generated from the CRDs and the godoc of ` + "`api/v1alpha1`" + ` by ` + "`make generate`" + `. ` + "`kubectl explain`" + ` has the fields, too.

`

// schema is what is needed of an OpenAPI schema.
type schema struct {
	Description string            `json:"description"`
	Type        string            `json:"type"`
	Enum        []any             `json:"enum"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
	Items       *schema           `json:"items"`
}

type crd struct {
	Spec struct {
		Names    struct{ Kind string } `json:"names"`
		Versions []struct {
			Schema struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "apidocs:", err)
		os.Exit(1)
	}
}

func run() error {
	var page bytes.Buffer
	page.WriteString(intro)
	files, err := filepath.Glob("config/crd/bases/*.yaml")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := kind(&page, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := constants(&page, "api/v1alpha1"); err != nil {
		return err
	}
	return os.WriteFile("docs/reference.md", page.Bytes(), 0o644)
}

// kind writes the fields of one kind.
func kind(page *bytes.Buffer, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c crd
	if err := yaml.Unmarshal(content, &c); err != nil {
		return err
	}
	for _, version := range c.Spec.Versions {
		root := version.Schema.OpenAPIV3Schema
		fmt.Fprintf(page, "## %s\n\n%s\n\n", c.Spec.Names.Kind, oneLine(root.Description))
		for _, part := range []string{"spec", "status"} {
			fmt.Fprintf(page, "| %s | type | |\n|---|---|---|\n", part)
			fields(page, "", root.Properties[part])
			page.WriteString("\n")
		}
	}
	return nil
}

func fields(page *bytes.Buffer, prefix string, s schema) {
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field := s.Properties[name]
		typ, below := field.Type, field
		path := prefix + name
		if field.Items != nil {
			typ, below = field.Items.Type+" list", *field.Items
			path += "[]"
		}
		if slices.Contains(s.Required, name) {
			typ += ", required"
		}
		if len(field.Enum) > 0 {
			typ += fmt.Sprintf(": %v", field.Enum)
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", path, typ, strings.ReplaceAll(oneLine(field.Description), "|", `\|`))
		if name != "conditions" {
			fields(page, path+".", below)
		}
	}
}

// constants writes the documented string constants: each group under the comment that introduces it, those that stand
// alone first.
func constants(page *bytes.Buffer, folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	var groups, alone bytes.Buffer
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, declaration := range parsed.Decls {
			group, ok := declaration.(*ast.GenDecl)
			switch {
			case !ok || group.Tok != token.CONST || group.Doc == nil:
			case group.Lparen.IsValid():
				fmt.Fprintf(&groups, "## %s\n\n| | |\n|---|---|\n", strings.TrimSuffix(oneLine(group.Doc.Text()), "."))
				for _, spec := range group.Specs {
					constant(&groups, spec, nil)
				}
				groups.WriteString("\n")
			default:
				constant(&alone, group.Specs[0], group.Doc)
			}
		}
	}
	fmt.Fprintf(page, "## Names, annotations and finalizers\n\n| | |\n|---|---|\n%s\n%s", alone.Bytes(), groups.Bytes())
	return nil
}

// constant writes the line of one constant, with the comment of its declaration unless it has its own.
func constant(page *bytes.Buffer, spec ast.Spec, doc *ast.CommentGroup) {
	value, ok := spec.(*ast.ValueSpec)
	if !ok || len(value.Values) != 1 {
		return
	}
	literal, ok := value.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return
	}
	if value.Doc != nil {
		doc = value.Doc
	}
	text := strings.TrimLeft(strings.TrimPrefix(oneLine(doc.Text()), value.Names[0].Name), ": ")
	fmt.Fprintf(page, "| `%s` | %s |\n", strings.Trim(literal.Value, `"`), strings.ReplaceAll(text, "|", `\|`))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
