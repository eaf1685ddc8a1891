{{/* Everything that a block consists of: the one template that a block's chart includes. */}}
{{- define "meldstroom-block.resources" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
{{- $fullname := include "meldstroom-block.fullname" . -}}
{{- $components := eq $values.mode "split" | ternary (list "api" "worker") (list "api") -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $fullname }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
data:
  {{- range $name, $value := include "meldstroom-block.settings" . | fromJson }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
{{- if $values.serviceAccount.create }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "meldstroom-block.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
  {{- with $values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- range $components }}
---
{{ include "meldstroom-block.deployment" (dict "root" $ "component" .) }}
---
{{ include "meldstroom-block.service" (dict "root" $ "component" .) }}
{{- if $values.podDisruptionBudget.enabled }}
---
{{ include "meldstroom-block.podDisruptionBudget" (dict "root" $ "component" .) }}
{{- end }}
{{- end }}
{{- if eq $values.migration.mode "job" }}
---
{{ include "meldstroom-block.migrationJob" . }}
{{- end }}
{{- if $values.autoscaling.enabled }}
---
{{ include "meldstroom-block.autoscaler" . }}
{{- end }}
{{- if $values.networkPolicy.enabled }}
---
{{ include "meldstroom-block.networkPolicy" . }}
{{- end }}
{{- if $values.serviceMonitor.enabled }}
---
{{ include "meldstroom-block.serviceMonitor" . }}
{{- end }}
{{- if $values.ingress.enabled }}
---
{{ include "meldstroom-block.ingress" . }}
{{- end }}
{{- if and $values.persistence.enabled (not $values.persistence.existingClaim) }}
---
{{ include "meldstroom-block.claim" . }}
{{- end }}
{{- end -}}
