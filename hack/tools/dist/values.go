package main

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
)

// The functions below say which fields of an object the chart's values decide. Their defaults in values.yaml are what
// config/ says; test/install holds one against the other.

func openCRD(crd map[string]any) error {
	annotations, err := at(crd, "metadata", "annotations")
	if err != nil {
		return err
	}
	keep := "\nhelm.sh/resource-policy: keep"
	for _, key := range []string{"argocd.argoproj.io/sync-options", "kustomize.toolkit.fluxcd.io/prune"} {
		keep += fmt.Sprintf("\n%s: %v", key, annotations[key])
		delete(annotations, key)
	}
	annotations[action("{{- if .Values.crds.keep }}"+keep+"\n{{- end }}")] = ""
	return nil
}

func openServiceAccount(account map[string]any) error {
	metadata, err := at(account, "metadata")
	if err != nil {
		return err
	}
	metadata[optional("serviceAccount.annotations", "annotations")] = ""
	return nil
}

func openDeployment(deployment map[string]any) error {
	spec, err := at(deployment, "spec")
	if err != nil {
		return err
	}
	spec["replicas"] = action("{{ .Values.replicas }}")

	meta, err := at(spec, "template", "metadata")
	if err != nil {
		return err
	}
	if err := extend(meta, "annotations", "podAnnotations"); err != nil {
		return err
	}
	if err := extend(meta, "labels", "podLabels"); err != nil {
		return err
	}

	pod, err := at(spec, "template", "spec")
	if err != nil {
		return err
	}
	for _, field := range []string{"affinity", "imagePullSecrets", "nodeSelector", "tolerations", "topologySpreadConstraints"} {
		pod[optional(field, field)] = ""
	}
	pod[action(`
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}`)] = ""

	containers, ok := pod["containers"].([]any)
	if !ok || len(containers) != 1 {
		return errors.New("expected one container")
	}
	container, ok := containers[0].(map[string]any)
	if !ok {
		return errors.New("expected a container")
	}
	container["image"] = action(`{{ include "ontap-san-operator.image" (dict "image" .Values.image "chart" .Chart) }}`)
	container[action(`
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}`)] = ""
	if err := openEnv(container); err != nil {
		return err
	}
	delete(container, "resources")
	container[optional("resources", "resources")] = ""
	return openArgs(container)
}

// openEnv takes further environment variables.
func openEnv(container map[string]any) error {
	env, ok := container["env"].([]any)
	if !ok {
		return errors.New("expected env")
	}
	container["env"] = append(env, action(`
{{- with .Values.extraEnv }}
{{- toYaml . | nindent INDENT }}
{{- end }}`))
	return nil
}

// openArgs has the log level decided by a value, and takes further arguments.
func openArgs(container map[string]any) error {
	const logLevel = "--log-level="
	args, _ := container["args"].([]any)
	found := false
	for i, arg := range args {
		if s, ok := arg.(string); ok && strings.HasPrefix(s, logLevel) {
			args[i], found = logLevel+action("{{ .Values.logLevel }}"), true
		}
	}
	if !found {
		return fmt.Errorf("expected an argument %s…", logLevel)
	}
	container["args"] = append(args, action(`
{{- with .Values.extraArgs }}
{{- toYaml . | nindent INDENT }}
{{- end }}`))
	return nil
}

func openNetworkPolicy(policy map[string]any) error {
	spec, err := at(policy, "spec")
	if err != nil {
		return err
	}
	egress, ok := spec["egress"].([]any)
	if !ok || len(egress) != 3 {
		return errors.New("expected DNS, the API server and the arrays in egress")
	}
	apiServer, ok := egress[1].(map[string]any)
	if !ok {
		return errors.New("expected a rule for the API server")
	}
	apiServer["ports"] = []any{action(`
{{- range .Values.networkPolicy.apiServerPorts }}
- port: {{ . }}
  protocol: TCP
{{- end }}`)}
	egress[2] = action(`
{{- with .Values.networkPolicy.arrays }}
- ports:
  - port: 443
    protocol: TCP
  to:
  {{- range . }}
  - ipBlock:
      cidr: {{ . | quote }}
  {{- end }}
{{- end }}
{{- if .Values.simulator.enabled }}
- ports:
  - port: api
    protocol: TCP
  to:
  - podSelector:
      matchLabels:
        {{- include "ontap-san-operator.simulatorLabels" . | nindent INDENT+8 }}
{{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{- toYaml . | nindent INDENT }}
{{- end }}`)
	return nil
}

func openServiceMonitor(monitor map[string]any) error {
	if err := extend(monitor, "metadata.labels", "metrics.serviceMonitor.labels"); err != nil {
		return err
	}
	spec, err := at(monitor, "spec")
	if err != nil {
		return err
	}
	endpoints, ok := spec["endpoints"].([]any)
	if !ok || len(endpoints) != 1 {
		return errors.New("expected one endpoint")
	}
	endpoint, ok := endpoints[0].(map[string]any)
	if !ok {
		return errors.New("expected an endpoint")
	}
	endpoint[action(`
{{- with .Values.metrics.serviceMonitor.interval }}
interval: {{ . }}
{{- end }}`)] = ""
	return nil
}

func openPrometheusRule(rule map[string]any) error {
	return extend(rule, "metadata.labels", "metrics.rules.labels")
}

func openDashboard(dashboard map[string]any) error {
	return extend(dashboard, "metadata.labels", "metrics.dashboard.labels")
}

// optional marks a field that is there if the value is.
func optional(value, field string) string {
	return action(fmt.Sprintf(`
{{- with .Values.%s }}
%s:
  {{- toYaml . | nindent INDENT+2 }}
{{- end }}`, value, field))
}

// extend adds the entries of a value to a map.
func extend(object map[string]any, path, value string) error {
	m, err := at(object, strings.Split(path, ".")...)
	if err != nil {
		return err
	}
	m[action(fmt.Sprintf(`
{{- with .Values.%s }}
{{- toYaml . | nindent INDENT }}
{{- end }}`, value))] = ""
	return nil
}

// at returns the map at a path.
func at(object map[string]any, path ...string) (map[string]any, error) {
	for _, key := range path {
		next, ok := object[key].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("expected a map at %s", strings.Join(path, "."))
		}
		object = next
	}
	return object, nil
}

// managerImage returns the name and the tag of the Deployment's image.
func managerImage(objects resmap.ResMap) (name, tag string, err error) {
	for _, r := range objects.Resources() {
		if r.GetKind() != "Deployment" {
			continue
		}
		image, err := r.GetString("spec.template.spec.containers[0].image")
		if err != nil {
			return "", "", err
		}
		if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
			return image[:i], image[i+1:], nil
		}
		return "", "", fmt.Errorf("the image %q has no tag", image)
	}
	return "", "", errors.New("config/default has no Deployment")
}
