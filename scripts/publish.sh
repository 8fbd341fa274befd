#!/usr/bin/env bash
# Publishes a part of what `npm run release` wrote to `release`: npm, crate or page. It leaves out what is published
# already, so a release that failed in between is finished by another run. .github/workflows/release.yml calls it.
#
#   publish.sh PART VERSION
set -euo pipefail
part=$1 version=$2
case "$version" in *-*) is_prerelease=yes tag=next ;; *) is_prerelease= tag=latest ;; esac

npm_package() {
  local name=$1 tarball=./release/$2-$version.tgz
  if [ "$(npm view "$name@$version" version 2>/dev/null)" = "$version" ]; then
    echo "$name $version is published already"
  else
    # Only a workflow can say where a package comes from.
    npm publish "$tarball" ${GITHUB_ACTIONS:+--provenance} --access public --tag "$tag"
  fi
}

case "$part" in
  npm)
    # A package comes before those that depend on it.
    npm_package keystile keystile
    npm_package @keystile/cli keystile-cli
    npm_package create-keystile create-keystile
    ;;
  crate)
    crate=keystile-webhook
    if curl -fsS -o /dev/null -A "keystile's release" "https://crates.io/api/v1/crates/$crate/$version" 2>/dev/null; then
      echo "$crate $version is published already"
    else
      # `npm run release` has compiled it from its package. No build script runs beside the token.
      cargo publish --locked --no-verify -p "$crate"
    fi
    ;;
  page)
    page=v$version
    if gh release view "$page" >/dev/null 2>&1; then
      gh release upload "$page" release/* --clobber
    else
      gh release create "$page" --verify-tag --title "$page" --notes-file release/NOTES.md ${is_prerelease:+--prerelease} release/*
    fi
    ;;
  *)
    echo "publish.sh: write npm, crate or page" >&2
    exit 2
    ;;
esac
