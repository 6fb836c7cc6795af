mvn --batch-mode --quiet dependency:copy -Dartifact=org.keycloak:keycloak-quarkus-dist:26.7.3:zip -DoutputDirectory=.
jar xf keycloak-quarkus-dist-26.7.3.zip
rm keycloak-quarkus-dist-26.7.3.zip
mv keycloak-26.7.3 keycloak
sh keycloak/bin/kc.sh build --db=dev-file --health-enabled=true --http-management-health-enabled=false
