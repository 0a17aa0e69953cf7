# The workflow is in workflow/; this entry lets `snakemake` run from the root.


include: "workflow/Snakefile"


rule paper:
    default_target: True
    input:
        rules.all.input,
