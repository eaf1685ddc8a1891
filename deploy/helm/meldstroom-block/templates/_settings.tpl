{{/*
The settings of a block as a JSON object of names, with the prefix, and texts. Numbers, lists and objects are written
as JSON, which is how the settings are read.
*/}}
{{- define "meldstroom-block.settings" -}}
{{- $context := . -}}
{{- $prefix := .prefix -}}
{{- $common := mergeOverwrite (deepCopy .values.commonSettings) (deepCopy .globalSettings) -}}
{{- $found := dict (printf "%s_HOST" $prefix) "0.0.0.0" -}}
{{- $_ := set $found (printf "%s_ISSUER" $prefix) $common.PUBLIC_URL -}}
{{- with include "meldstroom-block.addressOf" (merge (dict "other" "gateway") $context) -}}
{{- $_ := set $found (printf "%s_JWKS_URL" $prefix) (printf "%s/.well-known/jwks.json" .) -}}
{{- end -}}
{{- range $name, $value := $common -}}
{{- $_ := set $found (printf "%s_%s" $prefix $name) $value -}}
{{- end -}}
{{- range .values.upstreams -}}
{{- $name := printf "%s_%s_URL" $prefix (upper . | replace "-" "_") -}}
{{- $_ := set $found $name (include "meldstroom-block.addressOf" (merge (dict "other" .) $context)) -}}
{{- end -}}
{{- range $name, $value := .values.settings -}}
{{- $_ := set $found $name $value -}}
{{- end -}}
{{- /* Services, probes and policies point to this port, so it is not for choosing. */ -}}
{{- $_ := set $found (printf "%s_PORT" $prefix) 8080 -}}
{{- $texts := dict -}}
{{- range $name, $value := $found -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $_ := set $texts $name (kindIs "string" $value | ternary $value (toJson $value)) -}}
{{- end -}}
{{- end -}}
{{- toJson $texts -}}
{{- end -}}

{{/* The settings that come from a Secret, as a list of environment variables. */}}
{{- define "meldstroom-block.secretEnvironment" -}}
{{- $context := . -}}
{{- range $name, $source := .values.secretSettings }}
{{- if not (kindIs "invalid" $source) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $source.secret | default $context.values.existingSecret | default $context.fullname }}
      key: {{ $source.key | default $name }}
      {{- if $source.optional }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* All settings as environment variables, for a Job that runs before the ConfigMap is there. */}}
{{- define "meldstroom-block.wholeEnvironment" -}}
{{- range $name, $value := .settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- include "meldstroom-block.secretEnvironment" . }}
{{- end -}}
