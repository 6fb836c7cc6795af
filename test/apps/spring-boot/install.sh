mvn --batch-mode --quiet package
