package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

const (
	templateHeader = "{{- /* Written by 'make generate' from config/: change it there. */ -}}\n"
	// namespace is where config/default installs to; the chart installs to that of the release.
	namespace = "ontap-san-system"
)

// place says what becomes of the objects of one kind.
type place struct {
	file string
	// when is the condition under which Helm renders them; always, if it is empty.
	when string
	// open puts the chart's values into the object.
	open func(object map[string]any) error
}

var places = map[string]place{
	"CustomResourceDefinition": {file: "crds.yaml", when: ".Values.crds.enabled", open: openCRD},
	"ServiceAccount":           {file: "rbac.yaml", open: openServiceAccount},
	"Role":                     {file: "rbac.yaml"},
	"RoleBinding":              {file: "rbac.yaml"},
	"ClusterRole":              {file: "rbac.yaml"},
	"ClusterRoleBinding":       {file: "rbac.yaml"},
	"Service":                  {file: "service.yaml"},
	"Deployment":               {file: "deployment.yaml", open: openDeployment},
	"PodDisruptionBudget":      {file: "poddisruptionbudget.yaml", when: ".Values.podDisruptionBudget.enabled"},
	"NetworkPolicy":            {file: "networkpolicy.yaml", when: ".Values.networkPolicy.enabled", open: openNetworkPolicy},
	"ServiceMonitor":           {file: "servicemonitor.yaml", when: ".Values.metrics.serviceMonitor.enabled", open: openServiceMonitor},
	"PrometheusRule":           {file: "prometheusrule.yaml", when: ".Values.metrics.rules.enabled", open: openPrometheusRule},
	"ConfigMap":                {file: "dashboard.yaml", when: ".Values.metrics.dashboard.enabled", open: openDashboard},
}

// placeOf is the place of an object: that of its kind, unless it is there for another one.
func placeOf(r *resource.Resource) (place, bool) {
	if r.GetLabels()["app.kubernetes.io/component"] == "metrics-scraper" {
		with := places["ServiceMonitor"]
		return place{file: with.file, when: with.when}, true
	}
	to, ok := places[r.GetKind()]
	return to, ok
}

// templates turns objects into the templates of a chart, by file. With the chart's default values they render to these
// objects again. The Namespace is left to `helm install --create-namespace`.
func templates(objects resmap.ResMap) (map[string]string, error) {
	files := map[string]string{}
	for _, r := range objects.Resources() {
		if r.GetKind() == "Namespace" {
			continue
		}
		to, ok := placeOf(r)
		if !ok {
			return nil, fmt.Errorf("the chart has no place for a %s", r.GetKind())
		}
		text, err := template(r, to.open)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.GetKind(), r.GetName(), err)
		}
		text = "---\n" + text
		if to.when != "" {
			text = "{{- if " + to.when + " }}\n" + text + "{{- end }}\n"
		}
		if files[to.file] == "" {
			files[to.file] = templateHeader
		}
		files[to.file] += text
	}
	return files, nil
}

// template is one object as a template: braces of its own are kept from Helm, then marks become actions.
func template(r *resource.Resource, open func(map[string]any) error) (string, error) {
	object, err := r.Map()
	if err != nil {
		return "", err
	}
	if open != nil {
		if err := open(object); err != nil {
			return "", err
		}
	}
	text, err := yaml.Marshal(object)
	if err != nil {
		return "", err
	}
	lines := escapeBraces.Replace(string(text))
	lines = inNamespace.ReplaceAllString(lines, "${1}{{ .Release.Namespace | quote }}")
	return expand(lines), nil
}

var (
	escapeBraces = strings.NewReplacer("{{", `{{ "{{" }}`, "}}", `{{ "}}" }}`)
	inNamespace  = regexp.MustCompile(`(?m)^((?:  |- )*namespace: )` + namespace + `$`)
)

// marks are what stands in an object for an action of the template, which YAML could not say.
var marks []string

var (
	// A mark that has a line for itself: as a key without a value, which is the last one of its map, or as an item.
	markLine = regexp.MustCompile(`(?m)^( *)(?:- zzMARK(\d+)zz|zzMARK(\d+)zz: "")\n`)
	markHere = regexp.MustCompile(`zzMARK(\d+)zz`)
	indent   = regexp.MustCompile(`INDENT(?:\+(\d+))?`)
)

// action marks the place of an action, or of several lines: those are indented like the mark, and INDENT in them is by how
// many columns; INDENT+2 is two more.
func action(text string) string {
	marks = append(marks, strings.Trim(text, "\n"))
	return fmt.Sprintf("zzMARK%dzz", len(marks)-1)
}

func markText(number string) string {
	n, _ := strconv.Atoi(number)
	return marks[n]
}

func expand(text string) string {
	text = markLine.ReplaceAllStringFunc(text, func(line string) string {
		parts := markLine.FindStringSubmatch(line)
		var b strings.Builder
		for l := range strings.Lines(markText(parts[2]+parts[3]) + "\n") {
			b.WriteString(parts[1] + l)
		}
		return indent.ReplaceAllStringFunc(b.String(), func(match string) string {
			more, _ := strconv.Atoi(indent.FindStringSubmatch(match)[1])
			return strconv.Itoa(len(parts[1]) + more)
		})
	})
	return markHere.ReplaceAllStringFunc(text, func(mark string) string {
		return markText(markHere.FindStringSubmatch(mark)[1])
	})
}
