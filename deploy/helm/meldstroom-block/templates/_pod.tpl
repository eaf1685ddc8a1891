{{/* What every pod of a block has beside its containers. */}}
{{- define "meldstroom-block.podSpec" -}}
{{- $values := .values -}}
{{- $context := . -}}
automountServiceAccountToken: false
# A Service called `intake` would give every pod a variable INTAKE_PORT, which is also the name of a setting.
enableServiceLinks: false
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if ne .component "migration" }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "meldstroom-block.selector" $context | nindent 8 }}
  {{- end }}
{{- end }}
volumes:
  - name: temporary
    emptyDir:
      sizeLimit: {{ $values.temporarySize }}
  {{- if and $values.persistence.enabled (ne .component "migration") }}
  - name: data
    persistentVolumeClaim:
      claimName: {{ $values.persistence.existingClaim | default .fullname }}
  {{- end }}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Image, rights and mounts of a container. Takes the context with `withData`: whether it sees the block's files. */}}
{{- define "meldstroom-block.container" -}}
image: {{ include "meldstroom-block.image" . }}
imagePullPolicy: {{ .values.image.pullPolicy }}
securityContext:
  {{- toYaml .values.securityContext | nindent 2 }}
volumeMounts:
  - name: temporary
    mountPath: /tmp
  {{- if and .values.persistence.enabled .withData }}
  - name: data
    mountPath: {{ .values.persistence.mountPath }}
  {{- end }}
  {{- with .values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* A container that runs one of the block's commands. Takes the context with `command`. */}}
{{- define "meldstroom-block.command" -}}
- name: {{ .command }}
  {{- include "meldstroom-block.container" . | nindent 2 }}
  command: ["python", "-m", "{{ .package }}.manage", "{{ .command }}"]
  env:
    {{- include "meldstroom-block.wholeEnvironment" . | trim | nindent 4 }}
  resources:
    {{- toYaml .values.migration.resources | nindent 4 }}
{{- end -}}
