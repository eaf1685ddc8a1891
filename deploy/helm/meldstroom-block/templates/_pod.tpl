{{/* What every pod of a block has beside its containers. Takes a dict of root and component. */}}
{{- define "meldstroom-block.podSpec" -}}
{{- $values := include "meldstroom-block.values" .root | fromJson -}}
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
        {{- include "meldstroom-block.selector" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.component }}
  {{- end }}
{{- end }}
volumes:
  - name: temporary
    emptyDir:
      sizeLimit: {{ $values.temporarySize }}
  {{- if and $values.persistence.enabled (ne .component "migration") }}
  - name: data
    persistentVolumeClaim:
      claimName: {{ $values.persistence.existingClaim | default (include "meldstroom-block.fullname" .root) }}
  {{- end }}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Image, rights and mounts of a container. Takes a dict of root and component. */}}
{{- define "meldstroom-block.container" -}}
{{- $values := include "meldstroom-block.values" .root | fromJson -}}
image: {{ include "meldstroom-block.image" .root }}
imagePullPolicy: {{ $values.image.pullPolicy }}
securityContext:
  {{- toYaml $values.securityContext | nindent 2 }}
volumeMounts:
  - name: temporary
    mountPath: /tmp
  {{- if and $values.persistence.enabled (ne .component "migration") }}
  - name: data
    mountPath: {{ $values.persistence.mountPath }}
  {{- end }}
  {{- with $values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* A container that runs one of the block's commands. Takes a dict of root, command and environment. */}}
{{- define "meldstroom-block.command" -}}
{{- $values := include "meldstroom-block.values" .root | fromJson -}}
- name: {{ .command }}
  {{- include "meldstroom-block.container" (dict "root" .root "component" "migration") | nindent 2 }}
  command: ["python", "-m", "{{ include "meldstroom-block.block" .root | replace "-" "_" }}.manage", "{{ .command }}"]
  env:
    {{- include "meldstroom-block.wholeEnvironment" .root | trim | nindent 4 }}
  resources:
    {{- toYaml $values.migration.resources | nindent 4 }}
{{- end -}}
