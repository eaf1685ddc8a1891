{{/* The Service of a component; the worker's is there for its metrics only. Takes a dict of root and component. */}}
{{- define "meldstroom-block.service" -}}
{{- $values := include "meldstroom-block.values" .root | fromJson -}}
{{- $worker := eq .component "worker" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "meldstroom-block.fullname" .root }}{{ if $worker }}-worker{{ end }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- with $values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if $worker }}
  clusterIP: None
  {{- else }}
  type: {{ $values.service.type }}
  {{- end }}
  selector:
    {{- include "meldstroom-block.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  ports:
    - name: http
      port: 8080
      targetPort: http
{{- end -}}

{{- define "meldstroom-block.ingress" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
{{- $host := required "ingress.host is needed" $values.ingress.host -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "meldstroom-block.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
  {{- with $values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with $values.ingress.tlsSecret }}
  tls:
    - hosts: [{{ $host | quote }}]
      secretName: {{ . }}
  {{- end }}
  rules:
    - host: {{ $host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "meldstroom-block.fullname" . }}
                port: {name: http}
{{- end -}}

{{/* Only Meldstroom and who is named may come in; out go the ports that the block needs. */}}
{{- define "meldstroom-block.networkPolicy" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "meldstroom-block.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "meldstroom-block.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - port: 8080
      from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/part-of: meldstroom
        {{- with $values.networkPolicy.ingressFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
    - ports:
        - port: 8080
      to:
        - podSelector:
            matchLabels:
              app.kubernetes.io/part-of: meldstroom
    {{- with $values.networkPolicy.egressPorts }}
    - ports:
        {{- range . }}
        - port: {{ . }}
        {{- end }}
    {{- end }}
    {{- with $values.networkPolicy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
