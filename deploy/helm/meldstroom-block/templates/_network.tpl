{{/* The Service of a component; the worker's is there for its metrics only. Takes the context with `component`. */}}
{{- define "meldstroom-block.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
  {{- with .values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if eq .component "worker" }}
  clusterIP: None
  {{- else }}
  type: {{ .values.service.type }}
  {{- end }}
  selector:
    {{- include "meldstroom-block.selector" . | nindent 4 }}
  ports:
    - name: http
      port: 8080
      targetPort: http
{{- end -}}

{{- define "meldstroom-block.ingress" -}}
{{- $host := required "ingress.host is needed" .values.ingress.host -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
  {{- with .values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .values.ingress.tlsSecret }}
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
                name: {{ .fullname }}
                port: {name: http}
{{- end -}}

{{/* Only Meldstroom and who is named may come in; out go the ports that the block needs. */}}
{{- define "meldstroom-block.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
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
        {{- with .values.networkPolicy.ingressFrom }}
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
    {{- with .values.networkPolicy.egressPorts }}
    - ports:
        {{- range . }}
        - port: {{ . }}
        {{- end }}
    {{- end }}
    {{- with .values.networkPolicy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
