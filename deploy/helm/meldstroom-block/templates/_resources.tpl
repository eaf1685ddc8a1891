{{/* Everything that a block consists of: the one template that a block's chart includes. */}}
{{- define "meldstroom-block.resources" -}}
{{- $context := include "meldstroom-block.context" . | fromJson -}}
{{- $_ := set $context "settings" (include "meldstroom-block.settings" $context | fromJson) -}}
{{- $values := $context.values -}}
{{- $api := merge (dict "component" "api" "suffix" "") $context -}}
{{- $worker := merge (dict "component" "worker" "suffix" "-worker") $context -}}
{{- $migration := merge (dict "component" "migration" "suffix" "-migration") $context -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "meldstroom-block.metadata" $context | nindent 2 }}
data:
  {{- range $name, $value := $context.settings }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
{{- if $values.serviceAccount.create }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "meldstroom-block.serviceAccount" $context }}
  namespace: {{ $context.namespace }}
  labels:
    {{- include "meldstroom-block.labels" $context | nindent 4 }}
  {{- with $values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- range eq $values.mode "split" | ternary (list $api $worker) (list $api) }}
---
{{ include "meldstroom-block.deployment" . }}
---
{{ include "meldstroom-block.service" . }}
{{- if $values.podDisruptionBudget.enabled }}
---
{{ include "meldstroom-block.podDisruptionBudget" . }}
{{- end }}
{{- end }}
{{- if eq $values.migration.mode "job" }}
---
{{ include "meldstroom-block.migrationJob" $migration }}
{{- end }}
{{- if $values.autoscaling.enabled }}
---
{{ include "meldstroom-block.autoscaler" $context }}
{{- end }}
{{- if $values.networkPolicy.enabled }}
---
{{ include "meldstroom-block.networkPolicy" $context }}
{{- end }}
{{- if $values.serviceMonitor.enabled }}
---
{{ include "meldstroom-block.serviceMonitor" $context }}
{{- end }}
{{- if $values.ingress.enabled }}
---
{{ include "meldstroom-block.ingress" $context }}
{{- end }}
{{- if and $values.persistence.enabled (not $values.persistence.existingClaim) }}
---
{{ include "meldstroom-block.claim" $context }}
{{- end }}
{{- end -}}
