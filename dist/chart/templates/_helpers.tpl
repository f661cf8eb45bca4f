{{- /* The name of an image: registry, its own or else the one given, repository, then the digest or else the tag. */ -}}
{{- define "ontap-san-operator.image" -}}
{{- with .image.registry | default .registry }}{{ . }}/{{ end }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .chart.AppVersion }}{{ end }}
{{- end }}

{{- define "ontap-san-operator.simulatorLabels" -}}
app.kubernetes.io/name: ontap-san-operator
app.kubernetes.io/component: simulator
{{- end }}
