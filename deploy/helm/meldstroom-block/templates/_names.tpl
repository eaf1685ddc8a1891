{{/*
The values of a block. What goes before what: given at installation or in the block's chart, `global.block`, the
defaults of this library.
*/}}
{{- define "meldstroom-block.values" -}}
{{- $defaults := deepCopy (index .Values "meldstroom-block" "defaults") -}}
{{- $global := deepCopy ((.Values.global).block | default dict) -}}
{{- mergeOverwrite $defaults $global (omit (deepCopy .Values) "global" "meldstroom-block") | toJson -}}
{{- end -}}

{{/* The block: the chart's name without the suite's, which an umbrella chart's alias has already left out. */}}
{{- define "meldstroom-block.block" -}}
{{- trimPrefix "meldstroom-" .Chart.Name -}}
{{- end -}}

{{/* What the names of the block's settings begin with. */}}
{{- define "meldstroom-block.prefix" -}}
{{- include "meldstroom-block.block" . | upper | replace "-" "_" -}}
{{- end -}}

{{- define "meldstroom-block.fullname" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
{{- $block := include "meldstroom-block.block" . -}}
{{- if $values.fullnameOverride -}}
{{- $values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $block .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $block | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/*
The address of another block; empty when it is switched off. Takes a dict of root and block. Releases are told apart
by their names: beside `intake` stands `gateway`, beside `acceptance-intake` stands `acceptance-gateway`, and one
release `meldstroom` holds `meldstroom-intake` and `meldstroom-gateway`.
*/}}
{{- define "meldstroom-block.addressOf" -}}
{{- $own := include "meldstroom-block.block" .root -}}
{{- $said := get (((.root.Values.global).blocks) | default dict) .block | default dict -}}
{{- if $said.url -}}
{{- $said.url -}}
{{- else if not (hasKey $said "enabled" | ternary $said.enabled true) -}}
{{- else if contains $own .root.Release.Name -}}
{{- printf "http://%s:8080" (replace $own .block .root.Release.Name) -}}
{{- else -}}
{{- printf "http://%s-%s:8080" .root.Release.Name .block -}}
{{- end -}}
{{- end -}}

{{/* Labels by which a Service, a Deployment or a policy finds its pods; they never change. */}}
{{- define "meldstroom-block.selector" -}}
app.kubernetes.io/name: {{ include "meldstroom-block.block" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "meldstroom-block.labels" -}}
{{ include "meldstroom-block.selector" . }}
app.kubernetes.io/part-of: meldstroom
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "meldstroom-%s-%s" (include "meldstroom-block.block" .) .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "meldstroom-block.serviceAccount" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
{{- if $values.serviceAccount.create -}}
{{- $values.serviceAccount.name | default (include "meldstroom-block.fullname" .) -}}
{{- else -}}
{{- $values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "meldstroom-block.image" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
{{- $image := $values.image -}}
{{- $name := $image.repository | default (printf "meldstroom/%s" (include "meldstroom-block.block" .)) -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $name -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}
