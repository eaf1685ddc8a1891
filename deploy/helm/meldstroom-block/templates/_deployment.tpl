{{/* A Deployment. Takes a dict of root and component: api (in combined mode also the worker) or worker. */}}
{{- define "meldstroom-block.deployment" -}}
{{- $root := .root -}}
{{- $values := include "meldstroom-block.values" $root | fromJson -}}
{{- $fullname := include "meldstroom-block.fullname" $root -}}
{{- $own := get $values .component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}{{ if eq .component "worker" }}-worker{{ end }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  {{- if not (and $values.autoscaling.enabled (eq .component "api")) }}
  replicas: {{ $own.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels:
      {{- include "meldstroom-block.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "meldstroom-block.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ include "meldstroom-block.settings" $root | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "meldstroom-block.serviceAccount" $root }}
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      {{- include "meldstroom-block.podSpec" . | nindent 6 }}
      {{- if eq $values.migration.mode "init" }}
      initContainers:
        {{- include "meldstroom-block.command" (dict "root" $root "command" "migrate") | nindent 8 }}
        {{- if $values.migration.seed }}
        {{- include "meldstroom-block.command" (dict "root" $root "command" "seed") | nindent 8 }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ include "meldstroom-block.block" $root }}
          {{- include "meldstroom-block.container" . | nindent 10 }}
          {{- if eq $values.mode "split" }}
          args: ["--only", "{{ .component }}"]
          {{- end }}
          ports:
            - name: http
              containerPort: 8080
          envFrom:
            - configMapRef:
                name: {{ $fullname }}
          env:
            {{- include "meldstroom-block.secretEnvironment" $root | trim | nindent 12 }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 45
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          lifecycle:
            preStop:
              # Requests still come until every node knows that this pod ends.
              exec: {command: ["python", "-c", "import time; time.sleep(5)"]}
{{- end -}}

{{/* Migrations and seeds, before the pods of a version start. */}}
{{- define "meldstroom-block.migrationJob" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "meldstroom-block.fullname" . }}-migration
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
    app.kubernetes.io/component: migration
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: {{ $values.migration.backoffLimit }}
  activeDeadlineSeconds: {{ $values.migration.activeDeadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "meldstroom-block.labels" . | nindent 8 }}
        app.kubernetes.io/component: migration
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      restartPolicy: Never
      {{- include "meldstroom-block.podSpec" (dict "root" . "component" "migration") | nindent 6 }}
      {{- if $values.migration.seed }}
      initContainers:
        {{- include "meldstroom-block.command" (dict "root" . "command" "migrate") | nindent 8 }}
      {{- end }}
      containers:
        {{- $last := $values.migration.seed | ternary "seed" "migrate" }}
        {{- include "meldstroom-block.command" (dict "root" . "command" $last) | nindent 8 }}
{{- end -}}
