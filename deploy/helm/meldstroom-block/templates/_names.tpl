{{/*
What the templates of a block work with, as JSON: its values, its names, and the prefix of its settings. What goes
before what among the values: given at installation or in the block's chart, `global.block`, this library's defaults.
*/}}
{{- define "meldstroom-block.context" -}}
{{- $defaults := deepCopy (index .Values "meldstroom-block" "defaults") -}}
{{- $global := deepCopy ((.Values.global).block | default dict) -}}
{{- $values := mergeOverwrite $defaults $global (omit (deepCopy .Values) "global" "meldstroom-block") -}}
{{- /* The chart's name without the suite's, which the alias in the suite's chart has already left out. */ -}}
{{- $block := trimPrefix "meldstroom-" .Chart.Name -}}
{{- $name := contains $block .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $block) -}}
{{- dict
      "values" $values
      "block" $block
      "package" (replace "-" "_" $block)
      "prefix" (upper $block | replace "-" "_")
      "fullname" ($values.fullnameOverride | default $name | trunc 52 | trimSuffix "-")
      "release" .Release.Name
      "namespace" .Release.Namespace
      "managedBy" .Release.Service
      "version" .Chart.Version
      "appVersion" .Chart.AppVersion
      "blocks" ((.Values.global).blocks | default dict)
      "globalSettings" ((.Values.global).settings | default dict)
    | toJson -}}
{{- end -}}

{{/*
The address of another block; empty when it is switched off. Takes the context with `other`. Releases are told apart
by their names: beside `intake` stands `gateway`, beside `acceptance-intake` stands `acceptance-gateway`, and one
release `meldstroom` holds `meldstroom-intake` and `meldstroom-gateway`.
*/}}
{{- define "meldstroom-block.addressOf" -}}
{{- $said := get .blocks .other | default dict -}}
{{- if $said.url -}}
{{- $said.url -}}
{{- else if not (hasKey $said "enabled" | ternary $said.enabled true) -}}
{{- else if contains .block .release -}}
{{- printf "http://%s:8080" (replace .block .other .release) -}}
{{- else -}}
{{- printf "http://%s-%s:8080" .release .other -}}
{{- end -}}
{{- end -}}

{{/* Labels by which a Service, a Deployment or a policy finds its pods; they never change. */}}
{{- define "meldstroom-block.selector" -}}
app.kubernetes.io/name: {{ .block }}
app.kubernetes.io/instance: {{ .release }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "meldstroom-block.labels" -}}
{{ include "meldstroom-block.selector" . }}
app.kubernetes.io/part-of: meldstroom
app.kubernetes.io/version: {{ .appVersion | quote }}
app.kubernetes.io/managed-by: {{ .managedBy }}
helm.sh/chart: {{ printf "meldstroom-%s-%s" .block .version | replace "+" "_" }}
{{- end -}}

{{/* Name, namespace and labels of an object. Takes the context with `suffix`, when the name has one. */}}
{{- define "meldstroom-block.metadata" -}}
name: {{ .fullname }}{{ .suffix }}
namespace: {{ .namespace }}
labels:
  {{- include "meldstroom-block.labels" . | nindent 2 }}
{{- end -}}

{{- define "meldstroom-block.serviceAccount" -}}
{{- if .values.serviceAccount.create -}}
{{- .values.serviceAccount.name | default .fullname -}}
{{- else -}}
{{- .values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "meldstroom-block.image" -}}
{{- $image := .values.image -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $image.repository | default (printf "meldstroom/%s" .block) -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .appVersion }}{{ end -}}
{{- end -}}
